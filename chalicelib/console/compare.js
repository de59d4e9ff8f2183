// A failed precondition (412): somebody else has changed the member. Shows both versions, and lets the user choose one.

import { announce, button, find, focusOn, h, redraw, scrollable, tableHead, time, whileBusy } from "./dom.js";
import { byText } from "./import_texts.js";

/** @import { Attributes, Member, MemberField, MemberValues } from "./types" */

/**
 * Shows the member as it was opened, as the user changed it and as it is stored now.
 * @param {HTMLElement} place
 * @param {{
 *   title: string, fields: [MemberField, string][], before: MemberValues, mine: MemberValues, stored: Member,
 *   keepMine: () => unknown, takeStored: () => unknown,
 * }} conflict
 */
export function compare(place, { title, fields, before, mine, stored, keepMine, takeStored }) {
  const messages = h("div");
  /** @type {(text: string, task: () => unknown, attributes?: Attributes) => HTMLElement} */
  const choice = (text, task, attributes) => button(text, (pressed) => whileBusy(pressed, messages, task), attributes);
  redraw(
    place,
    h("h1", {}, title),
    h(
      "p",
      {},
      "By ",
      byText(stored.modified_by, "somebody"),
      ", ",
      time(stored.last_modified),
      ". Your changes are not saved yet.",
    ),
    scrollable("Differences", differencesTable(fields, before, mine, stored)),
    messages,
    h(
      "div",
      { class: "buttons", "data-unsaved": true },
      choice("Save my version", keepMine, { class: "main" }),
      choice("Use the current version", takeStored),
    ),
  );
  announce("Somebody else changed this member. Choose the version to keep.");
  if (place.isConnected) focusOn(find(place, "h1"));
}

/** @type {(fields: [MemberField, string][], before: MemberValues, mine: MemberValues, stored: Member) => HTMLTableElement} */
function differencesTable(fields, before, mine, stored) {
  /** @type {(values: MemberValues, name: MemberField) => HTMLElement} */
  const cell = (values, name) => h("td", { class: values[name] !== before[name] ? "changed" : null }, values[name]);
  const differing = fields.filter(([name]) => mine[name] !== stored[name] || stored[name] !== before[name]);
  const rows = differing.map(([name, label]) =>
    h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, before[name]), cell(mine, name), cell(stored, name)),
  );
  return h(
    "table",
    {},
    h("caption", { class: "quiet" }, "Differences"),
    tableHead([["Field"], ["When you opened it"], ["Your version"], ["Current version"]]),
    h("tbody", {}, rows),
  );
}
