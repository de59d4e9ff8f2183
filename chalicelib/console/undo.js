// Taking an import back.

import { call } from "./api.js";
import { openDialog } from "./dialogs.js";
import { announce, button, h, whileBusy } from "./dom.js";
import { fileName } from "./progress.js";

/** @import { Import } from "./types" */

/**
 * Offers to take an import back, or to check first what that would do.
 * @param {Import} record
 * @param {(address: string) => void} navigateAway
 */
export function undoButton(record, navigateAway) {
  const messages = h("div");
  /** @param {string} query */
  const undo = async (query) => {
    const { id } = await call("POST", `/imports/${record.id}/undo${query}`);
    announce(query ? "What the undo would do is being checked." : "The import is being taken back.");
    navigateAway(`#/imports/${id}`);
  };
  const onPress = async (/** @type {HTMLButtonElement} */ pressed) => {
    const answer = await askBeforeUndo(record);
    if (answer) await whileBusy(pressed, messages, () => undo(answer === "check" ? "?dry_run=true" : ""));
  };
  return h("div", { class: "buttons" }, button("Undo this import", onPress, { class: "danger" }), messages);
}

/**
 * Asks whether to take an import back: resolves to "check", "undo", or "" for no.
 * @param {Import} record
 */
function askBeforeUndo(record) {
  return openDialog(`Undo ${fileName(record)}?`, (close) => [
    h(
      "p",
      {},
      "Members that it created are deleted, those that it changed get their old values, and those that it deleted or removed come back.",
    ),
    h("p", {}, "A member that somebody has changed since stays as it is. The result lists who changed it."),
    h(
      "div",
      { class: "buttons" },
      button("Undo the import", () => close("undo"), { class: "danger" }),
      button("Check first", () => close("check"), { class: "main" }),
      button("Keep it", () => close(), { autofocus: true }),
    ),
  ]);
}
