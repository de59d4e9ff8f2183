// The rejected rows of an import: by reason, with their wrong cells, which users who may import correct in place.

import { call, query, readable } from "./api.js";
import { confirmed } from "./dialogs.js";
import { announce, button, find, formatNumber, h, link, plural, redraw, whileBusy } from "./dom.js";
import { field } from "./forms.js";
import { fileName, reasonText } from "./import_texts.js";
import { listOf } from "./lists.js";

/** @import { Child, Column, Import, RejectedRow, Report } from "./types" */

const MANY = 500; // rejected rows that are easier to correct in a spreadsheet

/**
 * The rejected rows, and the corrections of those that were shown: cells by line. They outlive the list, which changes
 * with the reason that is chosen.
 */
export class RejectedRows {
  /** @type {Map<number, {row: RejectedRow, cells: string[]}>} */
  #corrected = new Map();
  /** @type {Map<number, string>} the import that has a corrected row, by line */
  #sent = new Map();
  /** @type {string[]} */
  #columns = [];
  #record;
  #report;
  #signal;
  #mayCorrect;
  #code = ""; // of the rows that are listed, "" for all
  #list = h("div");
  #messages = h("div");
  #count = h("span", { class: "quiet" });
  #send = button("", (pressed) => whileBusy(pressed, this.#messages, () => this.#import()), { class: "main" });
  #bar = h("div", { class: "buttons mend", hidden: true }, this.#send, this.#count, this.#messages);

  /**
   * @param {Import} record
   * @param {Report | null} report
   * @param {{signal: AbortSignal, mayImport: boolean}} context
   */
  constructor(record, report, { signal, mayImport }) {
    this.#record = record;
    this.#report = report;
    this.#signal = signal;
    this.#mayCorrect = mayImport && !record.of; // an undo has no file
  }

  /** @returns {Promise<Child>} */
  async section() {
    const { id, counts } = this.#record;
    const messages = h("div");
    const download = async () => location.assign((await call("GET", `/imports/${id}/rejected`)).url);
    /** @type {{columns: string[]}} */
    const page = await call("GET", `/imports/${id}/rejected/rows?limit=1`, { signal: this.#signal });
    this.#columns = page.columns;
    this.#show("");
    return [
      h("h2", {}, "The rejected rows"),
      h(
        "p",
        {},
        this.#mayCorrect
          ? howToCorrect(counts.rejected, Object.keys(this.#report?.codes ?? {}))
          : "The cells to correct are marked.",
      ),
      h(
        "div",
        { class: "buttons" },
        button("Download rejected.csv", (pressed) => whileBusy(pressed, messages, download)),
        messages,
      ),
      this.#reasonChoice(),
      this.#list,
      this.#bar,
    ];
  }

  #reasonChoice() {
    const codes = Object.entries(this.#report?.codes ?? {}).sort((a, b) => b[1] - a[1]);
    if (codes.length < 2) return null;
    const options = codes.map(
      ([code, rows]) => /** @type {const} */ ([code, `${reasonText(code)} (${formatNumber(rows)})`]),
    );
    const all = /** @type {const} */ (["", `all (${formatNumber(this.#record.counts.rejected)})`]);
    const place = field({ name: "code", label: "Reason", options: [all, ...options] });
    const select = /** @type {HTMLSelectElement} */ (find(place, "select"));
    select.addEventListener("change", () => this.#show(select.value));
    return h("div", { class: "choice" }, place);
  }

  /** @param {string} code of the rows to list, "" for all */
  #show(code) {
    this.#code = code;
    /** @type {Column<RejectedRow>[]} */
    const columns = [
      ["Line", (row) => formatNumber(row.line), "number"],
      ["Reason", (row) => this.#reasonOf(row), "reason"],
      ...this.#columns.map(
        (name, index) => /** @type {Column<RejectedRow>} */ ([name, (row) => this.#cell(row, index)]),
      ),
    ];
    const list = listOf({
      path: `/imports/${this.#record.id}/rejected/rows`,
      filters: code ? { code } : {},
      caption: "Rejected rows in the order of the file",
      noun: "row",
      signal: this.#signal,
      empty: "There are no such rows.",
      columns,
    });
    redraw(this.#list, list.place);
  }

  // ---- A row

  /**
   * The reason of a row, with links to the member and the line that it names.
   * @param {RejectedRow} row
   * @returns {Child}
   */
  #reasonOf(row) {
    const sent = this.#sent.get(row.line);
    if (sent) return link("Corrected in another import", `#/imports/${sent}`);
    const [before, holder, after] = readable(row.reason).split(
      /\b(member [\w-]+(?= of this account)|line \d+(?= of this file))/,
    );
    const [kind, name] = (holder ?? "").split(" ");
    const address = kind === "member" ? `#/members/${name}` : `#/imports/${this.#record.id}/lines/${name}`;
    const text = holder ? [before, link(holder, address), after] : before;
    const marked = this.#columns.filter((_, index) => isMarked(row, index, this.#columns.length)).length;
    if (!this.#mayCorrect || marked === this.#columns.length) return text;
    const edit = (/** @type {HTMLElement} */ pressed) => this.#openCells(row, pressed);
    return [
      text,
      " ",
      button("Edit the row", edit, { class: "small", "aria-label": `Edit the row of line ${row.line}` }),
    ];
  }

  /** @type {(row: RejectedRow, index: number) => Child} */
  #cell(row, index) {
    const text = row.cells[index] ?? "";
    if (!isMarked(row, index, this.#columns.length) || this.#sent.has(row.line))
      return this.#corrected.get(row.line)?.cells[index] ?? text;
    const surplus = index === this.#columns.length - 1 ? surplusOf(row, this.#columns.length) : [];
    if (this.#mayCorrect)
      return h(
        "td",
        { class: "fault" },
        this.#input(row, index),
        surplus.map((one) => this.#input(row, one)),
      );
    if (!surplus.length) return h("td", { class: "fault" }, h("mark", {}, text || "(empty)"));
    return h(
      "td",
      { class: "fault" },
      text,
      surplus.map((one) => [" ", h("mark", {}, row.cells[one])]),
    );
  }

  /** @type {(row: RejectedRow, index: number) => HTMLElement} */
  #input(row, index) {
    const name = this.#columns[index] ?? "surplus cell";
    const value = this.#corrected.get(row.line)?.cells[index] ?? row.cells[index] ?? "";
    const wrong = isMarked(row, index, this.#columns.length);
    const input = h("input", {
      value,
      "aria-label": `${name.trim() || `Column ${index + 1}`}, line ${row.line}`,
      autocomplete: "off",
      spellcheck: "false",
      size: Math.min(Math.max(value.length + 1, 8), 30),
      class: wrong ? "wrong" : null,
    });
    input.addEventListener("input", () => this.#correct(row, index, input.value));
    return input;
  }

  /** @type {(row: RejectedRow, index: number, value: string) => void} */
  #correct(row, index, value) {
    const cells = [...(this.#corrected.get(row.line)?.cells ?? row.cells)];
    while (cells.length <= index) cells.push("");
    cells[index] = value;
    const changed = cells.some((cell, i) => cell !== (row.cells[i] ?? ""));
    if (changed) this.#corrected.set(row.line, { row, cells });
    else this.#corrected.delete(row.line);
    this.#drawBar();
  }

  /**
   * Makes fields of all cells of a row.
   * @type {(row: RejectedRow, pressed: HTMLElement) => void}
   */
  #openCells(row, pressed) {
    const cells = [...(pressed.closest("tr")?.cells ?? [])].slice(2);
    for (const [index, cell] of cells.entries())
      if (!cell.querySelector("input")) cell.replaceChildren(this.#input(row, index));
    cells[0]?.querySelector("input")?.focus();
    pressed.remove();
  }

  // ---- The new import

  #drawBar() {
    const count = this.#corrected.size;
    this.#bar.hidden = !count && !this.#sent.size;
    this.#bar.toggleAttribute("data-unsaved", count > 0);
    this.#send.hidden = !count;
    this.#send.textContent = `${this.#record.dry_run ? "Check" : "Import"} ${plural(count, "corrected row")}`;
    this.#count.textContent = count
      ? `of ${formatNumber(this.#record.counts.rejected)} rejected ones. Corrections stay until you leave this page.`
      : "";
  }

  async #import() {
    const rows = [...this.#corrected.values()].sort((a, b) => a.row.line - b.row.line);
    if (this.#record.mode === "delete" && !this.#record.dry_run) {
      const title = `Delete the members of ${plural(rows.length, "corrected row")}?`;
      if (!(await confirmed(title, "A deleted member can be restored.", "Delete them", "Keep them"))) return;
    }
    const text = [this.#columns, ...rows.map(({ cells }) => trimmed(cells, this.#columns.length))]
      .map(csvLine)
      .join("");
    const content = new Blob([text], { type: "text/csv" });
    const { id } = await call("POST", `/imports${query(optionsOf(this.#record, this.#report))}`, { content });
    for (const { row } of rows) this.#sent.set(row.line, id);
    this.#corrected.clear();
    this.#drawBar();
    announce(`${plural(rows.length, "corrected row")} sent.`);
    this.#show(this.#code);
    if (this.#bar.isConnected) location.hash = `#/imports/${id}`;
  }
}

const NOT_LOADED = ["cancelled", "not_loaded", "not_processed"]; // the codes of rows with nothing wrong in them

/**
 * What to do about the rejected rows.
 * @type {(rejected: number, codes: string[]) => string}
 */
function howToCorrect(rejected, codes) {
  if (codes.length && codes.every((code) => NOT_LOADED.includes(code)))
    return "These rows need no correction: import the same file again. Rows that are loaded already change nothing then.";
  const here = "Correct the marked cells here, then import the corrected rows; the others are left as they are.";
  return rejected > MANY
    ? `${here} For so many rows it is easier to download rejected.csv, correct it in a spreadsheet, and import that file: the rows below come 100 at a time as you scroll.`
    : here;
}

/** @type {(row: RejectedRow, width: number) => number[]} the indexes of the cells beyond the columns, if they say something */
const surplusOf = ({ cells }, width) =>
  cells.slice(width).some((one) => one.trim()) ? cells.slice(width).map((_, index) => width + index) : [];

/** @type {(row: RejectedRow, index: number, width: number) => boolean} whether a cell is what is wrong with a row */
function isMarked(row, index, width) {
  const { code, cells, column } = row;
  if (column === index || index >= width) return true;
  if (index === width - 1 && surplusOf(row, width).length) return true;
  return code === "too_few_cells" && cells.slice(index).every((text) => !text.trim()); // the row ends before the cell
}

/** @type {(cells: string[], width: number) => string[]} the cells without blank ones beyond the columns */
const trimmed = (cells, width) => (cells.slice(width).some((one) => one.trim()) ? cells : cells.slice(0, width));

/** @param {string[]} cells */
const csvLine = (cells) => `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")}\r\n`;

/**
 * The options of the import of corrected rows: those of the first import, but for its limits, which are of a whole
 * file. After a sync the rows are added and changed: they are not the whole roster.
 * @type {(record: Import, report: Report | null) => Record<string, string | null>}
 */
function optionsOf(record, report) {
  const used = Object.entries(report?.columns?.used ?? {}).map(([name, column]) => [column, name]);
  const start = fileName(record).replace(/\.(csv|tsv|txt|xlsx|zip|gz)\b/gi, "");
  return {
    filename: `${start.slice(0, 50)} corrected.csv`,
    mode: record.mode === "sync" ? "upsert" : record.mode,
    dry_run: record.dry_run ? "true" : null,
    account_id: record.account_id,
    region: record.region,
    encoding: "utf-8",
    columns: used.length ? JSON.stringify(Object.fromEntries(used)) : null,
  };
}
