// Imports: uploads, progress and results.

import { accountField } from "./accounts.js";
import { call } from "./api.js";
import { confirmed } from "./dialogs.js";
import { announce, button, failure, find, formatNumber, h, link, notice, redraw, time, whileBusy } from "./dom.js";
import { encodingChoice } from "./encodings.js";
import { followUp } from "./follow_up.js";
import {
  checkboxes,
  clearErrors,
  field,
  fieldValue,
  fieldValues,
  searchForm,
  showError,
  showProblem,
} from "./forms.js";
import { endText, fileName, MODES, modeText, STATUS_TEXT, statusText, tone } from "./import_texts.js";
import { listOf } from "./lists.js";
import { forgetRows, moreOptions, readOptions } from "./options.js";
import { createProgress, watch } from "./progress.js";
import { approval } from "./removals.js";
import { showResults } from "./report.js";
import * as uploads from "./uploads.js";

/** @import { Child, Column, Context, Import, Me } from "./types" */

/** @typedef {{account: string, status: string}} Wanted the imports to list, "" for any */

// ---- The list, and the form that sends files

/** @type {(place: HTMLElement, context: Context) => void} */
export function list(place, { me, may, signal, query }) {
  const wanted = { account: query.get("account") ?? "", status: query.get("status") ?? "" };
  const filter = filterForm(me, wanted);
  const imports = importList(signal, wanted, filter);
  uploads.removeFinishedCards();
  uploads.importChanges.addEventListener("change", imports.reload, { signal });
  redraw(
    place,
    h("h1", {}, "Imports"),
    may("imports:write") ? uploadForm(me, signal) : null,
    uploads.cards,
    may("imports:write") ? h("h2", {}, wanted.account || wanted.status ? "Imports found" : "All imports") : null,
    filter,
    imports.place,
  );
}

/** @type {(me: Me, wanted: Wanted) => HTMLFormElement} */
const filterForm = (me, wanted) =>
  searchForm("/imports", [
    accountField(me, "imports:read", wanted.account, { name: "account", size: 12, "data-first": true }),
    field({
      name: "status",
      label: "Status",
      options: [["", "any"], ...Object.entries(STATUS_TEXT)],
      value: wanted.status,
    }),
  ]);

/**
 * The text in place of an empty list.
 * @param {Wanted} wanted
 */
function emptyList({ account, status }) {
  if (!account && !status) return notice("There are no imports yet.");
  const hint = account ? `Imports that were not limited to account ${account} are not shown.` : null;
  return notice("No imports match.", hint && h("p", {}, hint), h("p", {}, link("Show all imports", "#/imports")));
}

/**
 * @param {AbortSignal} signal
 * @param {Wanted} wanted
 * @param {HTMLFormElement} form that chose them
 */
function importList(signal, wanted, form) {
  /** @type {Column<Import>[]} */
  const columns = [
    ["File", (record) => link(fileName(record), `#/imports/${record.id}`)],
    ["Status", (record) => h("span", { class: `status ${tone(record)}` }, statusText(record))],
    ["Mode", modeText],
    ["Account", (record) => record.account_id],
    // Those of a running import would soon be older than its card's.
    ["Rows", ({ counts, finished_at }) => finished_at && formatNumber(counts.rows), "number"],
    ["Rejected", ({ counts, finished_at }) => finished_at && formatNumber(counts.rejected), "number"],
    ["Started", (record) => time(record.created_at)],
    ["By", (record) => record.created_by ?? "dropped file"],
  ];
  return listOf({
    path: "/imports",
    filters: { account_id: wanted.account, status: wanted.status },
    caption: "Imports, newest first",
    noun: "import",
    signal,
    size: 50,
    columns,
    empty: () => emptyList(wanted),
    onRefused: (problem) => {
      clearErrors(form);
      showProblem(form, problem, (name) => (name === "account_id" ? "account" : name));
      return true;
    },
  });
}

/**
 * Creates the form for files, which the user chooses or drops anywhere on the page.
 * @param {Me} me
 * @param {AbortSignal} signal
 */
function uploadForm(me, signal) {
  const files = field({
    name: "files",
    label: "Choose files, or drop them anywhere on this page",
    type: "file",
    multiple: true,
    accept: ".csv,.tsv,.txt,.gz,.zip,.xlsx",
    hint: "CSV files (.csv, .tsv or .txt, also as .gz or .zip) and .xlsx workbooks of up to 5 GB. They are sent as soon as you choose them.",
  });
  const form = h(
    "form",
    { class: "drop" },
    h("div", { class: "grid" }, field({ name: "mode", label: "What should happen", options: MODES }), files),
    checkboxes({
      name: "dry_run",
      label: "Check first",
      options: [["true", "Only check the file, and show what would happen"]],
      values: [],
    }),
    moreOptions(me),
  );
  const input = /** @type {HTMLInputElement} */ (find(files, "input"));
  input.addEventListener("change", () => {
    const chosen = [...(input.files ?? [])];
    input.value = "";
    sendFiles(form, chosen);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const type of /** @type {const} */ (["dragover", "dragleave", "drop"])) {
    addEventListener(
      type,
      (event) => {
        form.classList.toggle("over", type === "dragover");
        if (type === "drop") sendFiles(form, [...(event.dataTransfer?.files ?? [])]);
      },
      { signal },
    );
  }
  return form;
}

/** @type {(form: HTMLFormElement, files: File[]) => Promise<void>} */
async function sendFiles(form, files) {
  clearErrors(form);
  const more = readOptions(form, files.length);
  if (!more) return;
  const options = { mode: fieldValue(form, "mode"), dry_run: fieldValues(form, "dry_run").length > 0, ...more };
  const refused = files.filter((file) => !/\.((csv|tsv|txt)(\.(gz|zip))?|zip|xlsx)$/i.test(file.name));
  if (refused.length) {
    const text = `${refused.map((file) => file.name).join(", ")}: not sent. Save it as a CSV file or an .xlsx workbook first.`;
    showError(form, "files", text);
    announce(text);
  }
  const taken = files.filter((file) => !refused.includes(file));
  if (taken.length && options.mode === "delete" && !options.dry_run) {
    const title = `Delete the members in ${taken.length === 1 ? taken[0].name : `${taken.length} files`}?`;
    const text = "To see first who would be deleted, only check the file.";
    if (!(await confirmed(title, text, "Delete them", "Keep them"))) return;
  }
  for (const file of taken) uploads.send(file, options);
  forgetRows(form);
}

// The browser would open a file that is dropped elsewhere in place of the page.
for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());

// ---- One import

/** @type {(place: HTMLElement, context: Context) => Promise<void>} */
export async function show(place, context) {
  const { signal, parts, may, navigateAway } = context;
  const [id] = parts;
  /** @type {Import} */
  const first = await call("GET", `/imports/${id}`, { signal });
  const progress = createProgress();
  const actions = h("div");
  const results = h("div");
  progress.update(first);
  redraw(
    place,
    h("p", {}, link("All imports", "#/imports")),
    h("h1", {}, fileName(first)),
    first.of ? h("p", {}, link("The import that it takes back", `#/imports/${first.of}`)) : null,
    progress.place,
    actions,
    results,
  );
  if (!first.finished_at && may("imports:write")) actions.append(cancelButton(first, actions));
  const follow = async () => {
    try {
      const record = first.finished_at ? first : await watch(id, signal, progress);
      if (record.status === "awaiting_approval") {
        redraw(actions);
        redraw(results, approval(record, context, follow));
        return;
      }
      redraw(actions, may("imports:write") ? followUp(record, navigateAway) : null);
      redraw(progress.advice, encodingChoice(record, uploads.sendAgain(id, navigateAway), may("imports:write")));
      if (!first.finished_at) announce(endText(fileName(record), record));
      await showResults(results, record, signal, may("imports:write"));
    } catch (error) {
      if (error.name !== "AbortError") redraw(results, failure(error, error.transient ? follow : null));
    }
  };
  follow();
}

/** @type {(record: Import, place: HTMLElement) => HTMLElement} */
function cancelButton(record, place) {
  const messages = h("div");
  const cancel = async () => {
    await call("POST", `/imports/${record.id}/cancel`);
    const text = "Loading has stopped. The remaining rows are being counted.";
    redraw(place, h("p", {}, text));
    announce(text);
  };
  const onPress = async (/** @type {HTMLButtonElement} */ pressed) => {
    const title = `Cancel ${fileName(record)}?`;
    const text =
      "Rows that are already loaded stay. The other rows are returned as rejected, so that you can send them again.";
    if (!(await confirmed(title, text, "Cancel the import", "Continue the import"))) return;
    await whileBusy(pressed, messages, cancel);
  };
  return h("div", { class: "buttons" }, button("Cancel the import", onPress, { class: "danger" }), messages);
}
