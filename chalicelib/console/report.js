// The results of an import: why rows were rejected, and which.

import { call, readable } from "./api.js";
import { changesSection } from "./changes.js";
import { button, formatNumber, h, plural, redraw, tableHead, whileBusy } from "./dom.js";
import { listOf } from "./lists.js";
import { delay } from "./progress.js";
import { readingSection } from "./reading.js";

/** @import { Child, Column, Import, RejectedRow, Report, Warning } from "./types" */

/** @type {Record<string, string>} the API's codes in the words of a user who has the file open */
const REASONS = {
  later_row_kept: "A later row of the import about this member could not be taken back",
  no_history: "What the member was is no longer kept",
  phone_not_possible: "The phone number has too few or too many digits",
  phone_not_a_number: "This is not a phone number",
  phone_not_valid: "The phone number is in no assigned range of its country",
  phone_in_parts: "A part of the phone number is in another column",
  phone_extension: "The phone number has an extension",
  phone_number_taken: "Another member of the account has this phone number",
  client_member_id_taken: "Another member of the account has this client member id",
  blank: "A required cell is empty",
  too_long: "A cell is longer than 64 characters",
  control_character: "A cell has a control character",
  damaged_character: "A cell contains a damaged character",
  invisible_character: "An id contains a character that cannot be seen",
  several_numbers: "The cell contains more than one phone number",
  spreadsheet_damage: "A spreadsheet has changed a cell, or a formula in it has failed",
  repeated_header: "The line names the columns again: it is no member",
  other_header: "The line names the columns in another order",
  too_few_cells: "The row has fewer cells than the header",
  too_many_cells: "The row has more cells than the header",
  backslash: "A name or id has a backslash",
  comment: "The line starts with #, so it is a comment",
  quoted_cell: "A cell is in quotation marks",
  stray_quote: "A quotation mark within a cell is not doubled",
  unclosed_quote: "A quotation mark is never closed",
  row_too_long: "The row is too long",
  identity_mismatch: "The member with this id has another name or phone number",
  unknown_action: "The column action has another word than delete",
  action_not_allowed: "The row deletes a member, which this import cannot do",
  account_differs: "The row names another account than the import",
  account_forbidden: "The caller who started the import has no access to the account",
  not_processed: "The row could not be processed",
  not_loaded: "The import stopped before this row",
  cancelled: "The import was cancelled before this row",
};
/** @param {string} code */
const reasonText = (code) => REASONS[code] ?? code.replaceAll("_", " ");

/**
 * Shows the results of an import that has ended.
 * @param {HTMLElement} place
 * @param {Import} record
 * @param {AbortSignal} signal
 * @param {boolean} mayImport whether the user may send files
 */
export async function showResults(place, record, signal, mayImport) {
  const report = record.counts.rows ? await fetchReport(record, signal) : null;
  redraw(
    place,
    warningList(report?.warnings ?? []),
    keptChanges(report?.changed_since_by ?? {}),
    report ? readingSection(record, report) : null,
    record.counts.rejected ? await rejectedSections(record, report, signal, mayImport) : null,
    record.counts.rows ? changesSection(record, signal) : null,
  );
}

/** @type {(numbers: Record<string, number>) => Child} */
function keptChanges(numbers) {
  const names = Object.entries(numbers).map(([by, rows]) => `${by} (${plural(rows, "row")})`);
  return names.length ? h("p", {}, `Newer changes were kept, made by ${names.join(", ")}.`) : null;
}

const MAX_LINES = 5; // shown with a warning

/** @type {(warnings: Warning[]) => Child} */
function warningList(warnings) {
  if (!warnings.length) return null;
  /** @param {Warning} warning */
  const lines = (warning) => {
    const first = [...new Set(warning.cells.map((cell) => cell.line))].slice(0, MAX_LINES);
    if (!first.length) return "";
    const more = warning.count - first.length;
    const numbers = first.map(formatNumber).join(", ");
    return ` (line${first.length > 1 ? "s" : ""} ${numbers}${more > 0 ? ` and ${formatNumber(more)} more` : ""})`;
  };
  return [
    h("h2", {}, "Warnings"),
    h("p", {}, "These rows were accepted, and may be wrong."),
    h(
      "ul",
      { class: "warnings" },
      warnings.map((warning) => h("li", {}, warning.text + lines(warning))),
    ),
  ];
}

/**
 * Fetches the report, which appears a moment after the import's end; null if it does not appear.
 * @param {Import} record
 * @param {AbortSignal} signal
 * @returns {Promise<Report | null>}
 */
async function fetchReport(record, signal) {
  for (let tries = 1; ; tries++) {
    try {
      return await call("GET", `/imports/${record.id}/report`, { signal });
    } catch (error) {
      if (error.status !== 404) throw error;
      if (tries === 10) return null;
    }
    await delay(1, signal);
  }
}

/** @type {(record: Import, report: Report | null, signal: AbortSignal, mayImport: boolean) => Promise<Child>} */
async function rejectedSections(record, report, signal, mayImport) {
  const messages = h("div");
  const download = async () => location.assign((await call("GET", `/imports/${record.id}/rejected`)).url);
  const codes = Object.entries(report?.codes ?? {}).sort((a, b) => b[1] - a[1]);
  return [
    h("h2", {}, "Why rows were rejected"),
    h(
      "table",
      { class: "narrow" },
      h("caption", { class: "quiet" }, "Rejected rows by reason"),
      tableHead([["Reason"], ["Rows", "number"]]),
      h(
        "tbody",
        {},
        codes.map(([code, rows]) =>
          h("tr", {}, h("td", {}, reasonText(code)), h("td", { class: "number" }, formatNumber(rows))),
        ),
      ),
    ),
    h("h2", {}, "The rejected rows"),
    h(
      "p",
      {},
      mayImport
        ? "Download the rejected rows, correct the cells that are marked below, then import the corrected file."
        : "The cells to correct are marked.",
    ),
    h(
      "div",
      { class: "buttons" },
      button("Download rejected.csv", (pressed) => whileBusy(pressed, messages, download), { class: "main" }),
      messages,
    ),
    await rejectedRows(record.id, signal),
  ];
}

/**
 * Lists the rows with the columns of the file, and marks the wrong cells.
 * @param {string} id
 * @param {AbortSignal} signal
 */
async function rejectedRows(id, signal) {
  const path = `/imports/${id}/rejected/rows`;
  /** @type {{columns: string[]}} */
  const page = await call("GET", `${path}?limit=1`, { signal });
  /** @type {(row: RejectedRow, index: number) => Child} */
  const cell = (row, index) =>
    row.column === index
      ? h("td", { class: "fault" }, h("mark", {}, row.cells[index] || "(empty)"))
      : (row.cells[index] ?? "");
  /** @type {Column<RejectedRow>[]} */
  const columns = [
    ["Line", (row) => formatNumber(row.line), "number"],
    ["Reason", (row) => readable(row.reason), "reason"],
  ];
  for (const [index, name] of page.columns.entries()) columns.push([name, (row) => cell(row, index)]);
  const caption = "Rejected rows in the order of the file";
  return listOf({ path, caption, noun: "row", signal, empty: "There are no rejected rows.", columns }).place;
}
