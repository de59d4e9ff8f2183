// How the file of an import was read: its encoding, its sheet, the lines above the column names, its columns.

import { h, plural, tableHead } from "./dom.js";
import { FIELDS } from "./member.js";

/** @import { Child, Import, Report } from "./types" */

/** @type {Record<string, string>} */
const FIELD_TEXT = { ...Object.fromEntries(FIELDS), previous_client_member_id: "Previous client member id" };

/**
 * Shows how a file was read, folded. The summary names what was not used of it.
 * @param {Import} record
 * @param {Report} report
 */
export function readingSection(record, report) {
  const { columns, sheets = [], lines_above_header: linesAbove = [] } = report;
  const [sheet, ...otherSheets] = sheets;
  const unused = [
    columns?.ignored?.length ? `columns not used: ${columns.ignored.map(columnName).join(", ")}` : "",
    otherSheets.length ? `sheets not read: ${otherSheets.join(", ")}` : "",
    linesAbove.length ? `${plural(linesAbove.length, "line")} above the column names` : "",
  ].filter(Boolean);
  /** @type {[string, Child][]} */
  const facts = [
    ["Sheet", sheet ?? null],
    ["Sheets that were not read", otherSheets.join(", ") || null],
    ["Lines above the column names", linesText(linesAbove)],
    ["Encoding", sheet ? null : record.encoding && encodingName(record.encoding)],
  ];
  const shown = facts.filter(([, value]) => value !== null);
  return h(
    "details",
    { class: "reading" },
    h(
      "summary",
      {},
      "How the file was read",
      unused.length ? h("span", { class: "quiet" }, `: ${unused.join("; ")}`) : null,
    ),
    h(
      "dl",
      { class: "facts" },
      shown.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    ),
    columns ? columnTable(columns, report.passed_over ?? {}) : null,
  );
}

/** @param {{ line: number, text: string }[]} lines */
const linesText = (lines) =>
  lines.length ? `not read: ${lines.map(({ line, text }) => `line ${line} (${text})`).join(", ")}` : null;

/** @param {string} column */
const columnName = (column) => column.trim() || "(no name)";

/** @param {string} encoding */
const encodingName = (encoding) => encoding.replace("utf-8-sig", "utf-8");

/** @type {(columns: NonNullable<Report["columns"]>, passedOver: Record<string, string[]>) => HTMLTableElement} */
function columnTable({ used = {}, ignored = [] }, passedOver) {
  const fieldText = (/** @type {string} */ name) => FIELD_TEXT[name] ?? name.replaceAll("_", " ");
  /** @param {string} column */
  const whyIgnored = (column) => {
    const found = Object.entries(passedOver).find(([, columns]) => columns.includes(column));
    return found ? `not used: the ${fieldText(found[0]).toLowerCase()} is in “${used[found[0]]}”` : "not used";
  };
  const fields = Object.keys(FIELD_TEXT).filter((name) => used[name] !== undefined);
  /** @type {[string, Child][]} */
  const rows = [
    ...fields.map((name) => /** @type {[string, Child]} */ ([used[name], fieldText(name)])),
    ...ignored.map((column) => /** @type {[string, Child]} */ ([column, whyIgnored(column)])),
  ];
  return h(
    "table",
    { class: "narrow" },
    h("caption", { class: "quiet" }, "Columns of the file"),
    tableHead([["Column"], ["Used as"]]),
    h(
      "tbody",
      {},
      rows.map(([column, use]) => h("tr", {}, h("td", {}, columnName(column)), h("td", {}, use))),
    ),
  );
}
