// The preview of a file: its first rows under the fields that they mean, before it is imported.

import { call, query, readable } from "./api.js";
import { find, h, plural, scrollable } from "./dom.js";
import { ENCODINGS, encodingText } from "./encodings.js";
import { field } from "./forms.js";
import { FIELDS } from "./member.js";

/** @import { Child, Draft, Preview, PreviewColumn, PreviewRow } from "./types" */

const START = 64 * 1024; // bytes that the API looks at
const MAX_WHOLE = 4_500_000; // bytes that the API takes
const MAX_NAME = 64; // characters of a name that it takes
const NOT_FATAL = ["missing_columns", "unsure_encoding"]; // what the user can choose
const NEEDS_ALL = /\.(xlsx|zip)$/i;
/** @type {readonly (readonly [name: string, text: string])[]} */
const COLUMN_FIELDS = [
  ...FIELDS,
  ["previous_client_member_id", "Previous client member id"],
  ["action", "Action (delete)"],
];

/**
 * What an import stores of a file's name: its last 64 characters, as the command line sends too.
 * @param {File} file
 */
export const nameOf = ({ name }) => [...name].slice(-MAX_NAME).join("");

/**
 * Reads the start of a file as an import with these options would. Sets the draft's preview, or why there is none.
 * @param {Draft} draft
 * @param {{account_id: string, mode?: string, region?: string}} options
 * @param {AbortSignal} signal
 */
export async function readDraft(draft, options, signal) {
  const { file, encoding, columns } = draft;
  if (!file.size) {
    draft.refusal = "The file is empty.";
    return;
  }
  const whole = NEEDS_ALL.test(file.name);
  if (whole && file.size > MAX_WHOLE) {
    draft.preview = null;
    draft.without = `A preview of this file needs all of it, and it is larger than 4.5 MB. It is read when it is imported: “Check first” shows what would happen.`;
    return;
  }
  const partial = !whole && file.size > START;
  const asked = {
    ...options,
    filename: nameOf(file),
    encoding,
    columns: Object.keys(columns).length ? JSON.stringify(columns) : "",
    partial: partial ? "true" : "",
  };
  const key = JSON.stringify(asked);
  if (draft.preview && draft.asked === key) return;
  draft.asked = key;
  draft.refusal = "";
  const content = file.slice(0, partial ? START : file.size, "application/octet-stream");
  /** @type {Preview} */
  const preview = await call("POST", `/imports/preview${query(asked)}`, { content, signal });
  if (draft.asked !== key) return; // something else was asked meanwhile
  draft.preview = preview;
  draft.without = "";
  if (!encoding) draft.candidates = preview.encoding_candidates;
}

/**
 * Why a file cannot be imported as it is; "" if nothing shows that.
 * @param {Draft} draft
 */
export function blockedBy({ file, preview, deletes, refusal }) {
  if (refusal || !preview) return refusal;
  const { problem, modes, missing, columns, rows } = preview;
  if (problem && !NOT_FATAL.includes(problem.code)) return readable(problem.detail);
  const reasons = [];
  if (columns.length && !rows.length && file.size <= START) reasons.push("There are no rows below the column names.");
  if (!preview.encoding_sure) reasons.push("Choose the names that are right.");
  const enough = deletes ? modes.includes("delete") : !missing.length;
  if (!enough && columns.length) reasons.push(missingText(missing));
  return reasons.join(" ");
}

/** @type {(name: string) => string} */
const labelOf = (name) => COLUMN_FIELDS.find(([one]) => one === name)?.[1] ?? name;

/** @param {string[]} missing */
function missingText(missing) {
  const labels = COLUMN_FIELDS.filter(([name]) => missing.includes(name)).map(([, label]) => label);
  const names = missing.includes("first_name") || missing.includes("last_name");
  const advice = names ? " A column with whole names has to be split into two before, in a spreadsheet." : "";
  return `Not found in the file: ${labels.join(", ")}. Choose the columns below.${advice}`;
}

/**
 * Shows a file as it is read. `onChange` is called after the user has chosen another encoding, or what a column holds.
 * @type {(draft: Draft, account: string, onChange: () => void) => Child}
 */
export function showPreview(draft, account, onChange) {
  const { preview, without, refusal } = draft;
  if (!preview)
    return h("p", { class: refusal ? "message bad" : "message" }, refusal || without || "Reading the first rows…");
  const blocked = blockedBy(draft);
  return [
    blocked ? h("p", { class: "message bad" }, blocked) : null,
    preview.missing.length && preview.modes.includes("delete") ? deletionChoice(draft, onChange) : null,
    ...readingNotes(preview).map((text) => h("p", { class: "quiet" }, text)),
    encodingFields(draft, onChange),
    preview.rows.length ? scrollable("First rows", previewTable(draft, preview, account, onChange)) : null,
    faultyRows(preview.rows),
  ];
}

/** @type {(draft: Draft, onChange: () => void) => Child} */
function deletionChoice(draft, onChange) {
  const input = h("input", { type: "checkbox", checked: draft.deletes });
  input.addEventListener("change", () => {
    draft.deletes = input.checked;
    onChange();
  });
  return h("label", { class: "choice" }, input, "The file deletes members: that needs no names and phone numbers");
}

/** @param {Preview} preview */
function readingNotes({ sheets, lines_above_header: above }) {
  const [sheet, ...others] = sheets;
  const notes = sheet ? [`The sheet “${sheet}” is read${others.length ? `, not ${others.join(", ")}` : ""}.`] : [];
  if (above.length) notes.push(`Not read: ${plural(above.length, "line")} above the column names (${above[0].text}).`);
  return notes;
}

/** @type {(draft: Draft, onChange: () => void) => Child} */
function encodingFields(draft, onChange) {
  const { preview, candidates } = draft;
  if (!preview || preview.sheets.length) return null;
  if (preview.columns.length ? !preview.rows.length : NEEDS_ALL.test(draft.file.name)) return null; // nothing was read
  const current = draft.encoding || (preview.encoding_sure ? preview.encoding : "");
  /** @param {string} encoding */
  const choose = (encoding) => {
    draft.encoding = encoding;
    onChange();
  };
  const listed = candidates.some(({ encoding }) => encoding === current);
  const other = field({
    name: "encoding",
    label: "Another encoding",
    options: [["", listed || !current ? "…" : "Detect it"], ...ENCODINGS],
    value: listed ? "" : draft.encoding,
  });
  const select = /** @type {HTMLSelectElement} */ (find(other, "select"));
  select.addEventListener("change", () => choose(select.value));
  if (!candidates.length && !draft.encoding && preview.columns.length)
    return h(
      "p",
      { class: "quiet" },
      "Its first rows have no letters beyond A to Z, so any encoding reads them alike.",
    );
  return h(
    "fieldset",
    { class: "field names-in" },
    h("legend", {}, candidates.length > 1 ? "Which names are right?" : "Names are read as"),
    candidates.map((one) => {
      const input = h("input", {
        type: "radio",
        name: "names",
        value: one.encoding,
        checked: one.encoding === current,
      });
      input.addEventListener("change", () => choose(one.encoding));
      const names = [h("bdi", {}, one.names.join(", ")), h("span", { class: "quiet" }, encodingText(one.encoding))];
      return candidates.length > 1 ? h("label", { class: "choice" }, input, names) : h("p", { class: "choice" }, names);
    }),
    h(
      "details",
      { class: "more", open: !listed && Boolean(draft.encoding) },
      h("summary", {}, candidates.length > 1 ? "None of these" : "Are they wrong?"),
      other,
    ),
  );
}

/**
 * A column of the table: its head, the class of it, and a cell for each row.
 * @typedef {{head: Child, name?: string, cell: (row: PreviewRow) => Child, index?: number}} Shown
 */

/**
 * The table of the first rows. On narrow screens its style makes a card of each column: `order` puts the cells of a column
 * together, and the roles are those of the elements, which browsers forget there.
 * @type {(draft: Draft, preview: Preview, account: string, onChange: () => void) => HTMLTableElement}
 */
function previewTable(draft, preview, account, onChange) {
  const shown = shownColumns(draft, preview, account, onChange);
  return h(
    "table",
    { class: "preview", role: "table" },
    h("caption", { class: "quiet" }, `The first ${plural(preview.rows.length, "row")}`),
    h(
      "thead",
      { role: "rowgroup" },
      tableRow([
        h("th", { scope: "col", role: "columnheader" }, "Line"),
        ...shown.map(({ head, name }) => h("th", { scope: "col", role: "columnheader", class: name }, head)),
      ]),
    ),
    h(
      "tbody",
      { role: "rowgroup" },
      preview.rows.map((row) =>
        tableRow([
          h("th", { scope: "row", role: "rowheader" }, String(row.line)),
          ...shown.map(({ cell, index, name }) =>
            row.column !== null && row.column === index
              ? h("td", { class: "fault", role: "cell" }, h("mark", {}, row.cells[index] || "(empty)"))
              : h("td", { class: name, role: "cell" }, cell(row)),
          ),
        ]),
      ),
    ),
  );
}

/** @param {HTMLElement[]} cells */
function tableRow(cells) {
  for (const [column, cell] of cells.entries()) cell.style.order = String(column);
  return h("tr", { role: "row" }, cells);
}

/**
 * The columns in the order of the fields, then those that are not used, of which the user chooses the missing ones.
 * @type {(draft: Draft, preview: Preview, account: string, onChange: () => void) => Shown[]}
 */
function shownColumns(draft, { columns, missing }, account, onChange) {
  /** @type {Shown[]} */
  const shown = [];
  /** @type {Shown[]} */
  const absent = [];
  for (const [name, label] of COLUMN_FIELDS) {
    const index = columns.findIndex((column) => column.field === name);
    if (index >= 0) shown.push(fileColumn(columns, index, draft, onChange));
    else if (missing.includes(name) && !draft.deletes)
      absent.push({ head: [h("strong", {}, label), h("span", {}, "not found")], name: "missing", cell: () => "" });
    else if (name === "account_id" && account)
      shown.push({ head: [h("strong", {}, label), h("span", { class: "quiet" }, "of all rows")], cell: () => account });
  }
  const rest = columns.map((_, index) => index).filter((index) => columns[index].field === null);
  return [...shown, ...rest.map((index) => fileColumn(columns, index, draft, onChange)), ...absent];
}

/** @type {(columns: PreviewColumn[], index: number, draft: Draft, onChange: () => void) => Shown} */
function fileColumn(columns, index, draft, onChange) {
  const { name, field: used } = columns[index];
  const title = name.trim() || "(no name)";
  const head = [fieldSelect(columns, index, draft, onChange), h("span", { class: "quiet" }, title)];
  return { head, name: used ? undefined : "unused", cell: (row) => row.cells[index] ?? "", index };
}

/** @type {(columns: PreviewColumn[], index: number, draft: Draft, onChange: () => void) => Child} */
function fieldSelect(columns, index, draft, onChange) {
  const { name, field: used, means } = columns[index];
  if (!name.trim()) return "not used"; // an import knows columns by their names
  const known = used && draft.columns[name] === undefined; // by its name: another column may take its place
  const select = h(
    "select",
    { "aria-label": `What “${name}” holds` },
    known ? null : h("option", { value: "" }, means && !used ? `not used (${labelOf(means)})` : "not used"),
    COLUMN_FIELDS.map(([key, text]) => h("option", { value: key, selected: key === used }, text)),
  );
  select.addEventListener("change", () => {
    const others = Object.entries(draft.columns).filter(([one, key]) => one !== name && key !== select.value);
    draft.columns = Object.fromEntries(select.value ? [...others, [name, select.value]] : others);
    onChange();
  });
  return select;
}

/**
 * What is wrong with the first rows.
 * @param {PreviewRow[]} rows
 */
export function faultyRows(rows) {
  const faulty = rows.filter(({ reason }) => reason);
  if (!faulty.length) return null;
  const what = `Of the first ${plural(rows.length, "row")}, ${faulty.length} ${faulty.length === 1 ? "needs" : "need"} fixing:`;
  const lengths = faulty.some(({ code }) => code === "phone_not_possible");
  return h(
    "div",
    { class: "faults" },
    h("p", {}, what),
    h(
      "ul",
      {},
      faulty.map(({ line, reason }) => h("li", {}, `Line ${line}: ${readable(reason ?? "")}`)),
    ),
    lengths
      ? h("p", { class: "quiet" }, "Numbers without + of another country need its region, which step 3 asks for.")
      : null,
  );
}
