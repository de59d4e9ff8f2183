// What came of an import's rows: why some were rejected, and which.

import { call, readable } from "./api.js";
import { button, count, during, h, redraw } from "./dom.js";
import { listOf } from "./lists.js";
import { later } from "./progress.js";

// What a code of the API means, in words for who has the file open.
const REASONS = {
  phone_not_possible: "The phone number has too few or too many digits",
  phone_not_a_number: "The phone number is not a number",
  phone_not_valid: "The phone number is not in use anywhere",
  phone_extension: "The phone number has an extension",
  phone_number_taken: "Another member of the account has this phone number",
  client_member_id_taken: "Another member of the account has this client member id",
  blank: "A cell is empty that must not be",
  too_long: "A cell is longer than 64 characters",
  control_character: "A cell has a character in it that cannot be shown",
  not_text: "A cell has something in it that is no text",
  scientific_notation: "A spreadsheet has rounded the id, and its digits are lost",
  too_few_cells: "The row has fewer cells than the header",
  too_many_cells: "The row has more cells than the header",
  unclosed_quote: "A quotation mark is never closed",
  row_too_long: "The row is too long",
  account_differs: "The account is not the one that was given with the import",
  account_forbidden: "Whoever began the import has no access to the account",
  not_processed: "The row could not be processed",
  not_loaded: "The import had stopped before this row",
  cancelled: "The import was cancelled before this row",
};
const reasonOf = (code) => REASONS[code] ?? code.replaceAll("_", " ");

export async function resultsOf(place, one, signal) {
  const report = one.counts.rows ? await reportOf(one, signal) : null;
  const ignored = report?.columns?.ignored ?? [];
  const parts = [];
  if (ignored.length) parts.push(h("p", {}, `Columns that were not used: ${ignored.join(", ")}.`));
  if (one.counts.rejected) parts.push(...(await rejected(one, report, signal)));
  redraw(place, parts);
}

/** The report of an import that has ended. It is there a moment after the end; null where it does not come. */
async function reportOf(one, signal) {
  for (let tries = 1; ; tries++) {
    try {
      return await call("GET", `/imports/${one.id}/report`, { signal });
    } catch (error) {
      if (error.status !== 404) throw error;
      if (tries === 10) return null;
    }
    await later(1, signal);
  }
}

async function rejected(one, report, signal) {
  const told = h("div");
  const download = button(
    "Download rejected.csv",
    () =>
      during(download, told, async () => {
        location.assign((await call("GET", `/imports/${one.id}/rejected`)).url);
      }),
    { class: "main" },
  );
  const codes = Object.entries(report?.codes ?? {}).sort((a, b) => b[1] - a[1]);
  return [
    h("h2", {}, "Why rows were rejected"),
    h(
      "table",
      { class: "narrow" },
      h("caption", { class: "quiet" }, "Rejected rows by reason"),
      h(
        "thead",
        {},
        h("tr", {}, h("th", { scope: "col" }, "Reason"), h("th", { scope: "col", class: "number" }, "Rows")),
      ),
      h(
        "tbody",
        {},
        codes.map(([code, rows]) =>
          h("tr", {}, h("td", {}, reasonOf(code)), h("td", { class: "number" }, count(rows))),
        ),
      ),
    ),
    h("h2", {}, "The rejected rows"),
    h("p", {}, "Download the rejected rows, correct the marked cells, then import that file again."),
    h("div", { class: "buttons" }, download, told),
    await rejectedRows(one.id, signal),
  ];
}

/** The rows as they stood in the file, the cell at fault marked. Its columns are those of the file. */
async function rejectedRows(id, signal) {
  const path = `/imports/${id}/rejected/rows`;
  const { columns } = await call("GET", `${path}?limit=1`, { signal });
  const cell = (index) => (row) =>
    row.column === index
      ? h("td", { class: "fault" }, h("mark", {}, row.cells[index] || "(empty)"))
      : (row.cells[index] ?? "");
  return listOf({
    path,
    caption: "Rejected rows in the order of the file",
    one: "row",
    signal,
    empty: "There are none.",
    columns: [
      ["Line", (row) => count(row.line), "number"],
      ["Reason", (row) => readable(row.reason), "reason"],
      ...columns.map((name, index) => [name, cell(index)]),
    ],
  });
}
