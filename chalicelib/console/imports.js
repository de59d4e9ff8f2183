// Imports: uploads, progress and results.

import { accountField, onlyAccount } from "./accounts.js";
import { call } from "./api.js";
import { confirmed } from "./dialogs.js";
import { announce, button, failure, find, formatNumber, h, link, redraw, time, whileBusy } from "./dom.js";
import { checkboxes, clearErrors, field, fieldValue, fieldValues, showError } from "./forms.js";
import { listOf } from "./lists.js";
import { createProgress, endText, fileName, MODES, modeText, STATUS_TEXT, watch } from "./progress.js";
import { approval } from "./removals.js";
import { showResults } from "./report.js";
import * as uploads from "./uploads.js";

/** @import { Column, Context, Import, Me } from "./types" */

// ---- The list, and the form that sends files

/** @type {(place: HTMLElement, context: Context) => void} */
export function list(place, { me, may, signal }) {
  const imports = importList(signal);
  uploads.removeFinishedCards();
  uploads.importChanges.addEventListener("change", imports.reload, { signal });
  redraw(
    place,
    h("h1", {}, "Imports"),
    may("imports:write") ? uploadForm(me, signal) : null,
    uploads.cards,
    h("h2", {}, "All imports"),
    imports.place,
  );
}

/** @param {AbortSignal} signal */
function importList(signal) {
  /** @type {Column<Import>[]} */
  const columns = [
    ["File", (record) => link(fileName(record), `#/imports/${record.id}`)],
    ["Status", (record) => h("span", { class: `status ${record.status}` }, STATUS_TEXT[record.status])],
    ["Mode", modeText],
    ["Rows", (record) => formatNumber(record.counts.rows), "number"],
    ["Rejected", (record) => formatNumber(record.counts.rejected), "number"],
    ["Started", (record) => time(record.created_at)],
    ["By", (record) => record.created_by ?? "dropped file"],
  ];
  return listOf({
    path: "/imports",
    caption: "Imports, newest first",
    noun: "import",
    signal,
    size: 50,
    columns,
    empty: "There are no imports yet.",
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
    hint: "CSV files (.csv, .tsv or .txt, also as .gz or .zip) and .xlsx workbooks of up to 5 GB. They are sent as soon as you choose them.",
  });
  const form = h(
    "form",
    { class: "drop" },
    field({ name: "mode", label: "What should happen", options: MODES }),
    checkboxes({
      name: "dry_run",
      label: "Check first",
      options: [["true", "Only check the file, and show what would happen"]],
      values: [],
    }),
    accountField(me, "imports:write", onlyAccount(me, "imports:write"), {
      label: "Account (if given, rows of other accounts are rejected)",
    }),
    files,
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

/** @type {(form: HTMLFormElement, files: File[]) => void} */
function sendFiles(form, files) {
  clearErrors(form);
  const options = {
    mode: fieldValue(form, "mode"),
    dry_run: fieldValues(form, "dry_run").length > 0,
    account_id: fieldValue(form, "account_id").trim() || undefined,
  };
  const refused = files.filter((file) => !/\.((csv|tsv|txt)(\.(gz|zip))?|zip|xlsx)$/i.test(file.name));
  for (const file of files) if (!refused.includes(file)) uploads.send(file, options);
  if (!refused.length) return;
  const text = `${refused.map((file) => file.name).join(", ")}: not sent, because it is not a CSV file. Save it as CSV first.`;
  showError(form, "files", text);
  announce(text);
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
  const progress = createProgress(Boolean(first.finished_at));
  const actions = h("div");
  const results = h("div");
  progress.update(first);
  redraw(
    place,
    h("p", {}, link("All imports", "#/imports")),
    h("h1", {}, fileName(first)),
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
      const canApply = record.dry_run && record.status === "completed" && may("imports:write");
      redraw(actions, canApply ? applyButton(record, navigateAway) : null);
      if (!first.finished_at) announce(endText(fileName(record), record));
      await showResults(results, record, signal);
    } catch (error) {
      if (error.name !== "AbortError") redraw(results, failure(error, error.transient ? follow : null));
    }
  };
  follow();
}

/**
 * Offers to import the file that a dry run has checked.
 * @param {Import} record
 * @param {(address: string) => void} navigateAway
 */
function applyButton(record, navigateAway) {
  const messages = h("div");
  const apply = async () => {
    const { id } = await call("POST", `/imports/${record.id}/apply`);
    announce(`${fileName(record)} is being imported.`);
    navigateAway(`#/imports/${id}`);
  };
  const onPress = (/** @type {HTMLButtonElement} */ pressed) => whileBusy(pressed, messages, apply);
  return h(
    "div",
    { class: "buttons" },
    h("p", {}, "No member was changed. This imports the same version of the file, with the same options."),
    button("Apply this", onPress, { class: "main" }),
    messages,
  );
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
