// The results of an import: why rows were rejected, and which.

import { call } from "./api.js";
import { changesSection } from "./changes.js";
import { formatNumber, h, plural, redraw, tableHead } from "./dom.js";
import { byText, reasonText } from "./import_texts.js";
import { RejectedRows } from "./mending.js";
import { delay } from "./progress.js";
import { readingSection } from "./reading.js";

/** @import { Child, Context, Import, Report, Warning } from "./types" */

/**
 * Shows the results of an import that has ended.
 * @param {HTMLElement} place
 * @param {Import} record
 * @param {Context} context
 */
export async function showResults(place, record, { signal, may }) {
  const mayImport = may("imports:write", record.account_id ?? undefined);
  const report = record.counts.rows ? await fetchReport(record, signal) : null;
  redraw(
    place,
    warningList(report?.warnings ?? []),
    keptChanges(report?.changed_since_by ?? {}),
    report && !record.of ? readingSection(record, report) : null,
    record.counts.rejected && report ? reasonTable(report) : null,
    record.counts.rejected ? await new RejectedRows(record, report, { signal, mayImport }).section() : null,
    record.counts.rows ? changesSection(record, signal) : null,
  );
}

/** @type {(numbers: Record<string, number>) => Child} */
function keptChanges(numbers) {
  const names = Object.entries(numbers).map(([by, rows]) => `${byText(by)} (${plural(rows, "row")})`);
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

/**
 * Counts the rejected rows by reason.
 * @param {Report} report
 */
function reasonTable({ codes = {} }) {
  const rows = Object.entries(codes).sort((a, b) => b[1] - a[1]);
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
        rows.map(([code, count]) =>
          h("tr", {}, h("td", {}, reasonText(code)), h("td", { class: "number" }, formatNumber(count))),
        ),
      ),
    ),
  ];
}
