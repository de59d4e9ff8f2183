// What can be done with an import that has ended: importing what was checked, and taking an import back.

import { call } from "./api.js";
import { openDialog } from "./dialogs.js";
import { announce, button, h, link, plural, redraw, whileBusy } from "./dom.js";
import { fileName, hasEffect } from "./import_texts.js";

/** @import { Child, Import } from "./types" */

/** @type {Map<string, string>} by import: the one that this page started to import what it has checked, or to take it back */
const followers = new Map();
const followed = new EventTarget(); // "change" when one was started

/**
 * Offers to import the file that a dry run has checked, or to take an import back, if the user may; links to the import
 * that did so. Nothing if there is nothing to do.
 * @type {(record: Import, navigateAway: (address: string) => void, signal: AbortSignal, mayStart: boolean) => Child}
 */
export function followUp(record, navigateAway, signal, mayStart) {
  if (!hasEffect(record) || (record.dry_run && record.status !== "completed")) return null;
  const place = h("div");
  const start = () =>
    mayStart ? (record.dry_run ? applyButton(record, navigateAway) : undoButton(record, navigateAway)) : null;
  /** @type {string | null} */
  let shown = null;
  const draw = async () => {
    const id = followers.get(record.id) ?? (record.dry_run ? record.applied_by : record.undone_by);
    if (!id) redraw(place, start());
    if (!id || id === shown) return;
    shown = id;
    redraw(place, followerLink(id, FOLLOWED[kindOf(record)].done));
    /** @type {Import | null} */
    const follower = await call("GET", `/imports/${id}`, { signal }).catch(() => null); // the link says enough
    if (!follower || signal.aborted) return;
    const ended = follower.status === "failed" || follower.status === "cancelled";
    redraw(place, followerLink(id, followerText(record, follower)), ended ? start() : null);
  };
  draw();
  followed.addEventListener("change", draw, { signal }); // also of the card and the view that Back finds
  return place;
}

/** What follows an import, in words: once it is done, while it runs, and as a thing that has failed. */
const FOLLOWED = {
  check: { done: "The file was imported", runs: "The file is being imported", noun: "The import" },
  undoCheck: { done: "The undo was made", runs: "The undo is being made", noun: "The undo" },
  import: { done: "The import was taken back", runs: "The import is being taken back", noun: "The undo" },
};

/**
 * @param {Import} record
 * @returns {keyof typeof FOLLOWED}
 */
const kindOf = ({ dry_run, of }) => (dry_run ? (of ? "undoCheck" : "check") : "import");

/** @type {(record: Import, follower: Import) => string} */
function followerText(record, { status, finished_at }) {
  const { done, runs, noun } = FOLLOWED[kindOf(record)];
  if (status === "failed") return `${noun} failed`;
  if (status === "cancelled") return `${noun} was cancelled`;
  return finished_at ? done : runs;
}

/** @type {(id: string, text: string) => HTMLElement} */
const followerLink = (id, text) => h("p", {}, link(text, `#/imports/${id}`));

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
