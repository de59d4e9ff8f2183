// What can be done with an import that has ended: importing what was checked, and taking an import back.

import { call } from "./api.js";
import { openDialog } from "./dialogs.js";
import { announce, button, h, link, plural, redraw, whileBusy } from "./dom.js";
import { fileName, hasEffect } from "./import_texts.js";

/** @import { Child, Import } from "./types" */

/** @type {Map<string, string>} by import: the one that imports what it has checked, or takes it back */
const followers = new Map();
const followed = new EventTarget(); // "change" when one was started

/**
 * Offers to import the file that a dry run has checked, or to take an import back; nothing if there is nothing to do.
 * @type {(record: Import, navigateAway: (address: string) => void, signal: AbortSignal) => Child}
 */
export function followUp(record, navigateAway, signal) {
  if (!hasEffect(record) || (record.dry_run && record.status !== "completed")) return null;
  const place = h("div");
  const draw = () => {
    const follower = followers.get(record.id);
    if (follower) redraw(place, h("p", {}, link(followerText(record), `#/imports/${follower}`)));
    else redraw(place, record.dry_run ? applyButton(record, navigateAway) : undoButton(record, navigateAway));
  };
  draw();
  followed.addEventListener("change", draw, { signal }); // also of the card and the view that Back finds
  return place;
}

/** @param {Import} record */
function followerText({ dry_run, of }) {
  if (!dry_run) return "The import was taken back";
  return of ? "The undo was made" : "The file was imported";
}

/** @type {(first: string, second: string) => void} */
function follow(first, second) {
  followers.set(first, second);
  followed.dispatchEvent(new Event("change"));
}

/**
 * Offers to do what a dry run has checked.
 * @type {(record: Import, navigateAway: (address: string) => void) => Child}
 */
function applyButton(record, navigateAway) {
  const { rejected } = record.counts;
  const messages = h("div");
  const apply = async () => {
    const { id } = await call("POST", `/imports/${record.id}/apply`);
    follow(record.id, id);
    if (record.of) follow(record.of, id);
    announce(record.of ? "The import is being taken back." : `${fileName(record)} is being imported.`);
    navigateAway(`#/imports/${id}`);
  };
  const onPress = (/** @type {HTMLButtonElement} */ pressed) => whileBusy(pressed, messages, apply);
  const left = rejected
    ? ` ${plural(rejected, "row")} that ${rejected === 1 ? "needs" : "need"} fixing will be left out.`
    : "";
  return [
    record.of ? null : h("p", {}, `“Import now” uses the file and the options that were checked.${left}`),
    h("div", { class: "buttons" }, button(record.of ? "Undo now" : "Import now", onPress, { class: "main" }), messages),
  ];
}

/**
 * Offers to take an import back, or to check first what that would do.
 * @param {Import} record
 * @param {(address: string) => void} navigateAway
 */
function undoButton(record, navigateAway) {
  const messages = h("div");
  /** @param {string} query */
  const undo = async (query) => {
    const { id } = await call("POST", `/imports/${record.id}/undo${query}`);
    if (!query) follow(record.id, id);
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
