// The results of an import: why rows were rejected, and which.

import { call, readable } from "./api.js";
import { changesSection } from "./changes.js";
import { button, formatNumber, h, link, plural, redraw, tableHead, whileBusy } from "./dom.js";
import { reasonText } from "./import_texts.js";
import { listOf } from "./lists.js";
import { delay } from "./progress.js";
import { readingSection } from "./reading.js";

/** @import { Child, Column, Import, RejectedRow, Report, Warning } from "./types" */

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
    report && !record.of ? readingSection(record, report) : null,
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

/** @type {(row: RejectedRow, index: number) => boolean} whether a row that is too short ends before this cell */
const isMissing = ({ code, cells }, index) =>
  code === "too_few_cells" && cells.slice(index).every((text) => !text.trim());

/**
 * The reason of a row, with a link to the member that it names.
 * @type {(row: RejectedRow) => Child}
 */
function reasonOf({ reason }) {
  const [before, holder, after] = readable(reason).split(/\bmember ([\w-]+)(?= of this account)/);
  return holder ? [before, link(`member ${holder}`, `#/members/${holder}`), after] : before;
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
  const last = page.columns.length - 1;
  /** @type {(row: RejectedRow, index: number) => Child} */
  const cell = (row, index) => {
    const text = row.cells[index] ?? "";
    const excess = index === last ? row.cells.slice(last + 1).filter((one) => one.trim()) : [];
    if (row.column !== index && !isMissing(row, index) && !excess.length) return text;
    const marks = excess.length ? [text, ...excess.flatMap((one) => [" ", h("mark", {}, one)])] : null;
    return h("td", { class: "fault" }, marks ?? h("mark", {}, text || "(empty)"));
  };
  /** @type {Column<RejectedRow>[]} */
  const columns = [
    ["Line", (row) => formatNumber(row.line), "number"],
    ["Reason", reasonOf, "reason"],
  ];
  for (const [index, name] of page.columns.entries()) columns.push([name, (row) => cell(row, index)]);
  const caption = "Rejected rows in the order of the file";
  return listOf({ path, caption, noun: "row", signal, empty: "There are no rejected rows.", columns }).place;
}
