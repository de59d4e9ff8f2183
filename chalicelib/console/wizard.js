// The import of files in three steps: choose them, see how they are read, say what is to happen.

import { columnsHelp } from "./columns_help.js";
import { confirmed } from "./dialogs.js";
import { announce, button, failure, find, focusOn, h, link, plural, redraw, whileBusy } from "./dom.js";
import { takeDropped } from "./drops.js";
import { FileAccount } from "./file_account.js";
import { clearErrors, field, fieldValue, showError, showProblem } from "./forms.js";
import { optionForm, readOptions } from "./options.js";
import { blockedBy, faultyRows, readDraft, showPreview } from "./preview.js";
import * as uploads from "./uploads.js";

/** @import { Child, Context, Draft } from "./types" */

const STEPS = ["Choose", "See how it is read", "Import"];
const SUPPORTED = /\.((csv|tsv|txt)(\.(gz|zip))?|zip|xlsx)$/i;

/** @type {(file: File) => Draft} */
const newDraft = (file) => ({
  file,
  preview: null,
  without: "",
  refusal: "",
  deletes: false,
  asked: "",
  encoding: "",
  columns: {},
  candidates: [],
});

/** @type {(place: HTMLElement, context: Context) => void} */
export function create(place, context) {
  new Wizard(place, context).start();
}

class Wizard {
  /** @type {Draft[]} */
  #drafts = [];
  #shown = 0; // the file that the second step shows
  #place;
  #context;
  #account;
  #options = optionForm();
  /** @type {Promise<void> | null} settles when the files are read that the second step shows */
  #reading = null;
  #messages = h("div"); // of the second step

  /**
   * @param {HTMLElement} place
   * @param {Context} context
   */
  constructor(place, context) {
    this.#place = place;
    this.#context = context;
    // The header does not change the account of files in a view that is out of sight.
    this.#account = new FileAccount(context, () => place.isConnected || !this.#drafts.length);
    this.#options.addEventListener("change", () => this.#judge());
  }

  start() {
    const files = takeDropped();
    this.#choose();
    if (files.length) this.#take(files);
  }

  /** @type {(step: number, title: string, ...children: Child[]) => void} */
  #show(step, title, ...children) {
    const back = step ? null : h("p", {}, link("All imports", "#/imports"));
    const heading = h("h2", {}, title);
    redraw(this.#place, back, h("h1", {}, "Import members"), stepList(step), heading, children);
    if (this.#place.isConnected) focusOn(heading);
  }

  // ---- 1: the files and their account

  #choose() {
    const files = field({
      name: "files",
      label: "Choose files, or drop them anywhere on this page",
      type: "file",
      multiple: true,
      accept: ".csv,.tsv,.txt,.gz,.zip,.xlsx",
      hint: "CSV files (.csv, .tsv or .txt, also as .gz or .zip) and .xlsx workbooks of up to 5 GB.",
    });
    const form = h("form", { class: "choose" }, this.#account.field(), files);
    const input = /** @type {HTMLInputElement} */ (find(files, "input"));
    input.addEventListener("change", () => this.#take([...(input.files ?? [])]));
    form.addEventListener("submit", (event) => event.preventDefault());
    this.#show(0, "Choose the files", h("div", { class: "beside" }, form, columnsHelp()));
  }

  /** @param {File[]} files */
  #take(files) {
    const form = /** @type {HTMLFormElement} */ (find(this.#place, "form.choose"));
    clearErrors(form);
    const refused = files.filter((file) => !SUPPORTED.test(file.name));
    if (refused.length) {
      const text = `${refused.map((file) => file.name).join(", ")}: not taken. Save it as a CSV file or an .xlsx workbook first.`;
      showError(form, "files", text);
      announce(text);
      return;
    }
    this.#drafts = files.map(newDraft);
    this.#shown = 0;
    if (files.length) this.#read();
  }

  // ---- 2: how they are read

  async #read() {
    const messages = this.#messages;
    messages.replaceChildren();
    const preview = h("div", { class: "reads" });
    const next = button("Continue", (pressed) => whileBusy(pressed, messages, () => this.#continue()), {
      class: "main",
    });
    this.#show(
      1,
      this.#drafts.length > 1 ? plural(this.#drafts.length, "file") : this.#drafts[0].file.name,
      this.#account.line(() => {
        this.#reading = this.#readAll(preview);
      }),
      this.#fileChoice(() => this.#drawPreview(preview)),
      preview,
      messages,
      h(
        "div",
        { class: "buttons" },
        next,
        button("Back", () => this.#choose()),
      ),
    );
    this.#reading = this.#readAll(preview);
    await this.#reading;
  }

  /** @param {() => void} onChange */
  #fileChoice(onChange) {
    if (this.#drafts.length < 2) return null;
    const place = field({
      name: "file",
      label: "File",
      options: this.#drafts.map(({ file }, index) => [String(index), file.name]),
      value: String(this.#shown),
    });
    const select = /** @type {HTMLSelectElement} */ (find(place, "select"));
    select.addEventListener("change", () => {
      this.#shown = Number(select.value);
      onChange();
    });
    return h("div", { class: "choice" }, place);
  }

  /** @param {HTMLElement} place */
  async #readAll(place) {
    redraw(place, h("p", { class: "quiet" }, "Reading the first rows…"));
    const drafts = this.#drafts;
    for (const draft of drafts) {
      if (drafts !== this.#drafts) return; // other files were chosen meanwhile
      await this.#readOne(draft, place);
    }
  }

  /**
   * Reads a file, and shows it if it is the one in sight.
   * @type {(draft: Draft, place: HTMLElement) => Promise<void>}
   */
  async #readOne(draft, place) {
    try {
      await readDraft(draft, this.#asked(), this.#context.signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      draft.preview = null;
      if (error.transient) draft.without = `There is no preview: ${error.message}`;
      else draft.refusal = error.message;
      if (draft === this.#drafts[this.#shown]) {
        redraw(place, failure(error, error.transient ? () => this.#readAgain(draft, place) : null));
        return;
      }
    }
    if (draft === this.#drafts[this.#shown]) this.#drawPreview(place);
  }

  /** @type {(draft: Draft, place: HTMLElement) => void} */
  #readAgain(draft, place) {
    this.#reading = this.#readOne(draft, place);
  }

  #asked() {
    const mode = fieldValue(this.#options, "mode");
    const region = fieldValue(this.#options, "region").trim().toUpperCase();
    return { account_id: this.#account.value, mode, region: /^[A-Z]{2}$/.test(region) ? region : "" };
  }

  /** @param {HTMLElement} place */
  #drawPreview(place) {
    const draft = this.#drafts[this.#shown];
    this.#messages.replaceChildren();
    redraw(
      place,
      showPreview(draft, this.#account.value, () => this.#readAgain(draft, place)),
    );
    announce(blockedBy(draft) || (draft.preview ? "All columns that an import needs were found." : draft.without));
  }

  async #continue() {
    await this.#reading;
    const blocked = this.#drafts.filter((draft) => blockedBy(draft));
    if (!blocked.length) {
      this.#finish();
      return;
    }
    const text = blocked.map((draft) => (this.#drafts.length > 1 ? `${draft.file.name}: ` : "") + blockedBy(draft));
    redraw(this.#messages, failure({ message: text.join(" ") }));
  }

  // ---- 3: what is to happen

  #finish() {
    const known = this.#drafts.flatMap(({ preview, deletes }) =>
      preview ? [deletes ? ["delete"] : preview.modes] : [],
    );
    const select = /** @type {HTMLSelectElement} */ (find(this.#options, "[name=mode]"));
    for (const option of select.options) option.disabled = known.some((modes) => !modes.includes(option.value));
    if (select.selectedOptions[0]?.disabled)
      select.value = [...select.options].find((option) => !option.disabled)?.value ?? "";
    find(this.#options, ".rows").hidden = this.#drafts.length > 1;
    this.#show(
      2,
      this.#drafts.length > 1 ? `Import ${plural(this.#drafts.length, "file")}` : `Import ${this.#drafts[0].file.name}`,
      this.#account.line(() => this.#judge()),
      this.#options,
      h("div", { class: "judgement" }),
      h(
        "div",
        { class: "buttons" },
        button("Check first", () => this.#send(true), { class: "main" }),
        button("Import", () => this.#send(false)),
        button("Back", () => this.#read()),
      ),
      h("p", { class: "hint" }, "“Check first” shows what would happen to each row, and writes nothing."),
    );
    this.#judge();
  }

  /** Says what is wrong with the first rows, by the mode and region that are chosen. */
  async #judge() {
    const place = this.#place.querySelector(".judgement");
    if (!(place instanceof HTMLElement)) return;
    clearErrors(this.#options);
    try {
      for (const draft of this.#drafts) await readDraft(draft, this.#asked(), this.#context.signal);
      const faults = this.#drafts.map((draft) => {
        const found = draft.preview && faultyRows(draft.preview.rows);
        return found && this.#drafts.length > 1 ? [h("h3", {}, draft.file.name), found] : found;
      });
      redraw(place, faults);
    } catch (error) {
      if (error.name !== "AbortError" && error.errors?.length) showProblem(this.#options, error);
    }
  }

  /** @param {boolean} dryRun */
  async #send(dryRun) {
    const options = readOptions(this.#options, this.#drafts.length);
    if (!options) return;
    if (options.mode === "delete" && !dryRun) {
      const what = this.#drafts.length === 1 ? this.#drafts[0].file.name : plural(this.#drafts.length, "file");
      const text = "“Check first” shows who would be deleted.";
      if (!(await confirmed(`Delete the members in ${what}?`, text, "Delete them", "Keep them"))) return;
    }
    for (const { file, encoding, columns } of this.#drafts) {
      const own = Object.keys(columns).length ? columns : undefined;
      const account_id = this.#account.value || undefined;
      uploads.send(file, { ...options, dry_run: dryRun, account_id, encoding: encoding || undefined, columns: own });
    }
    this.#context.navigateAway("#/imports");
  }
}

/** @param {number} current */
const stepList = (current) =>
  h(
    "ol",
    { class: "steps" },
    STEPS.map((text, index) => h("li", { "aria-current": index === current ? "step" : null }, text)),
  );
