// The approval that the removals of a sync need where they are many.

import { call } from "./api.js";
import { changedRows } from "./changes.js";
import { confirmed } from "./dialogs.js";
import { announce, button, h, plural, whileBusy } from "./dom.js";

/** @import { Context, Import } from "./types" */

/**
 * Lists who would be removed, and offers to approve or decline that. `onDecided` is called after either.
 * @param {Import} record
 * @param {Context} context
 * @param {() => void} onDecided
 */
export function approval(record, { may, signal }, onDecided) {
  const messages = h("div");
  const people = plural(record.removal?.found ?? 0, "member");
  /** @param {"approve" | "decline"} act */
  const decide = (act) => async () => {
    await call("POST", `/imports/${record.id}/${act}`);
    announce(act === "approve" ? `${people} will be removed.` : "Nobody will be removed.");
    onDecided();
  };
  const approve = async (/** @type {HTMLButtonElement} */ pressed) => {
    const text = "Members that were changed since, or that a newer file names, stay. A removed member can be restored.";
    if (!(await confirmed(`Remove ${people}?`, text, "Remove them", "Keep them"))) return;
    await whileBusy(pressed, messages, decide("approve"));
  };
  const decline = (/** @type {HTMLButtonElement} */ pressed) => whileBusy(pressed, messages, decide("decline"));
  return h(
    "section",
    { "aria-label": "Removals" },
    h("h2", {}, "Who would be removed"),
    may("imports:approve")
      ? h(
          "div",
          { class: "buttons" },
          button(`Remove ${people}`, approve, { class: "danger" }),
          button("Remove nobody", decline),
          messages,
        )
      : h("p", {}, "Somebody who may approve removals decides this. Ask an admin who that is."),
    changedRows(record, "would_remove", signal),
  );
}
