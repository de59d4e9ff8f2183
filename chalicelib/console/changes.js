// What an import did with each row, or what a dry run would do.

import { call } from "./api.js";
import { button, find, formatNumber, h, link, redraw, whileBusy } from "./dom.js";
import { field } from "./forms.js";
import { readableValue } from "./history.js";
import { byText, capitalized, fileName, OUTCOMES, outcomeText, reasonText } from "./import_texts.js";
import { listOf } from "./lists.js";
import { FIELDS } from "./member.js";

/** @import { ChangedRow, Child, Column, Context, Import, MemberField } from "./types" */

/**
 * Offers the rows of an import that has ended, by outcome, and the file to download. They are fetched when asked for.
 * @param {Import} record
 * @param {AbortSignal} signal
 * @returns {Child}
 */
export function changesSection(record, signal) {
  const messages = h("div");
  const place = h("div");
  const names = [...OUTCOMES.filter((name) => record.counts[name]), ...removalOutcomes(record)];
  const options = names.map((name) => /** @type {const} */ ([name, outcomeText(name, record)]));
  const outcome = field({ name: "outcome", label: "Rows", options: [["", "all"], ...options] });
  const select = /** @type {HTMLSelectElement} */ (find(outcome, "select"));
  const showRows = () => redraw(place, changedRows(record, select.value, signal));
  select.addEventListener("change", () => place.childNodes.length && showRows());
  const download = async () => location.assign((await call("GET", `/imports/${record.id}/changes`)).url);
  return [
    h("h2", {}, record.dry_run ? "What would happen to each row" : "What happened to each row"),
    h("div", { class: "choice" }, outcome),
    h(
      "div",
      { class: "buttons" },
      button("Show the rows", showRows),
      button("Download changes.csv", (pressed) => whileBusy(pressed, messages, download)),
      messages,
    ),
    place,
  ];
}

/**
 * Returns the outcomes of members that no row is about.
 * @param {Import} record
 */
function removalOutcomes({ removal, counts, dry_run }) {
  if (!removal?.found) return [];
  if (removal.state === "awaiting_approval" || (dry_run && counts.removed)) return ["would_remove"];
  return [...(counts.removed ? ["removed"] : []), ...(counts.removed < removal.found ? ["kept"] : [])];
}

const OF_MEMBERS = ["would_remove", "removed", "kept"]; // outcomes of members that no row is about

/**
 * The columns of the members that a sync removes or keeps: their own values, as no row has any.
 * @type {(record: Import) => Column<ChangedRow>[]}
 */
function memberColumns(record) {
  /** @type {(row: ChangedRow, name: MemberField) => string} */
  const value = ({ changes }, name) => readableValue(name, changes[name]?.from ?? null) ?? "";
  return [
    [
      "Name",
      (row) => {
        const name = `${value(row, "last_name")}, ${value(row, "first_name")}`;
        return row.member_id ? link(name, `#/members/${row.member_id}`) : name;
      },
    ],
    ["Phone number", (row) => value(row, "phone_number"), "figures"],
    ["Client member id", (row) => value(row, "client_member_id")],
    ["Outcome", (row) => whatHappened(row, record)],
  ];
}

/** @type {(record: Import, outcome: string, signal: AbortSignal) => HTMLElement} */
export function changedRows(record, outcome, signal) {
  const ofMembers = OF_MEMBERS.includes(outcome);
  return listOf({
    path: `/imports/${record.id}/changes/rows`,
    filters: outcome ? { outcome } : {},
    caption: ofMembers ? "Members who are not in the file" : "Rows in the order of the file, with their outcomes",
    noun: ofMembers ? "member" : "row",
    signal,
    empty: ofMembers ? "There are no such members." : "There are no such rows.",
    columns: ofMembers ? memberColumns(record) : rowColumns(record),
  }).place;
}

/** @type {(record: Import) => Column<ChangedRow>[]} */
const rowColumns = (record) => [
  ["Line", (row) => (row.line === null ? "" : formatNumber(row.line)), "number"],
  ["Outcome", (row) => whatHappened(row, record)],
  ["Changes", changesText],
  ["Member", (row) => (isStored(row, record) ? showLink(row) : "")],
];

/**
 * Shows what an import did with a line of its file: rows name the line that has what they ask for.
 * @type {(place: HTMLElement, context: Context) => Promise<void>}
 */
export async function showLine(place, { parts: [id, line], signal }) {
  /** @type {[Import, {items: ChangedRow[]}]} */
  const [record, { items }] = await Promise.all([
    call("GET", `/imports/${id}`, { signal }),
    call("GET", `/imports/${id}/changes/rows?line=${line}`, { signal }),
  ]);
  const [row] = items;
  redraw(
    place,
    h("p", {}, link(fileName(record), `#/imports/${id}`)),
    h("h1", {}, `Line ${formatNumber(Number(line))}`),
    row
      ? [
          h("p", {}, `${capitalized(whatHappened(row, record))}.`),
          h("p", {}, changesText(row)),
          isStored(row, record) ? h("p", {}, link("Show the member", `#/members/${row.member_id}`)) : null,
        ]
      : h("p", {}, "The file has no row that begins on this line."),
  );
}

/** @type {(row: ChangedRow, record: Import) => boolean} whether there should be a member to show */
function isStored(row, record) {
  const nobody = record.mode === "delete" && row.outcome === "unchanged" && !row.code;
  const gone = record.dry_run ? ["created"] : ["deleted", "removed"];
  return Boolean(row.member_id) && !nobody && !gone.includes(row.outcome);
}

/** @param {ChangedRow} row */
const showLink = ({ member_id, line }) =>
  link("Show", `#/members/${member_id}`, {
    "aria-label": line ? `Show the member of line ${line}` : "Show the member",
  });

/** @type {(row: ChangedRow, record: Import) => string} */
function whatHappened({ outcome, code, changed_by }, record) {
  const reason = code ? reasonText(code) : "";
  const why = reason ? `: ${reason[0].toLowerCase()}${reason.slice(1)}` : "";
  return outcomeText(outcome, record, 1) + why + (changed_by ? ` by ${byText(changed_by)}` : "");
}

/** @param {ChangedRow} row */
const changesText = ({ changes }) =>
  FIELDS.filter(([name]) => changes[name])
    .map(([name, label]) => {
      const { from, to } = changes[name];
      const values = [from, to].filter((value) => value !== null).map((value) => readableValue(name, value));
      return `${label}: ${values.join(" → ")}`;
    })
    .join(", ");
