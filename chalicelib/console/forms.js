// Forms: labelled fields, each with a place for its error.

import { fieldLabel } from "./api.js";
import { announce, failure, find, focusedIn, h, link, plural, whileBusy } from "./dom.js";
import { markUnsaved } from "./unsaved.js";

/** @import { Problem } from "./api.js" */
/** @import { Child, FieldOptions } from "./types" */

let fieldCount = 0; // makes the ids of fields unique

/**
 * Creates a labelled field; other options are attributes of its input.
 * @param {FieldOptions} options
 */
export function field({ name, label, hint, options, type = "text", value = "", ...more }) {
  const id = `${name}-${++fieldCount}`;
  const described = `${id}-error${hint ? ` ${id}-hint` : ""}`;
  const shared = { id, name, "aria-describedby": described, ...more };
  const input = options
    ? h(
        "select",
        shared,
        options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)),
      )
    : h("input", { autocomplete: "off", spellcheck: "false", ...shared, type, value });
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    input,
    hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null,
    h("p", { class: "error", id: `${id}-error` }),
  );
}

/**
 * Creates a group of checkboxes with one name; `values` are the checked ones.
 * @param {{name: string, label: string, options: (readonly [value: string, text: Child])[], values: string[]}} options
 */
export function checkboxes({ name, label, options, values }) {
  const id = `${name}-${++fieldCount}`;
  return h(
    "fieldset",
    { class: "field", "aria-describedby": `${id}-error` },
    h("legend", {}, label),
    options.map(([value, text]) =>
      h(
        "label",
        { class: "choice" },
        h("input", { type: "checkbox", name, value, checked: values.includes(value) }),
        text,
      ),
    ),
    h("p", { class: "error", id: `${id}-error` }),
  );
}

/** @type {(form: HTMLFormElement, name: string) => string} */
export const fieldValue = (form, name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value;

/**
 * The values of the checked boxes.
 * @type {(form: HTMLFormElement, name: string) => string[]}
 */
export const fieldValues = (form, name) => new FormData(form).getAll(name).map(String);

/** @param {HTMLFormElement} form */
export function clearErrors(form) {
  for (const place of form.querySelectorAll(".error")) place.replaceChildren();
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const place of form.querySelectorAll(".form-error, .summary")) place.replaceChildren();
}

/**
 * Shows an error beside its field. Returns the field's input, or null if the form has no such field.
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {string} text
 * @param {...(Node | string)} more
 */
export function showError(form, name, text, ...more) {
  const input = form.querySelector(`[name="${CSS.escape(name)}"]`);
  const place = input?.closest(".field")?.querySelector(".error");
  if (!(input instanceof HTMLElement) || !place) return null;
  input.setAttribute("aria-invalid", "true");
  place.append(place.childNodes.length ? " " : "", text, ...more);
  return input;
}

/**
 * Shows a problem's errors at their fields, and the other ones above the buttons. `fieldOf` maps the API's name of a
 * field to the form's.
 * @param {HTMLFormElement} form
 * @param {Problem} problem
 * @param {(name: string) => string} [fieldOf]
 */
export function showProblem(form, problem, fieldOf = (name) => name) {
  /** @type {[input: HTMLElement, text: string][]} */
  const wrong = [];
  const rest = [];
  for (const error of problem.errors ?? []) {
    const name = error.pointer.replace(/^[#?]\/?/, "").split("/")[0];
    // The label of the field says "Phone number: " already.
    const text = error.detail.replace(new RegExp(`^${fieldLabel(name)}: `, "i"), "");
    const holder = error.member ? [" ", link("Show that member", `#/members/${error.member.id}`)] : [];
    const input = showError(form, fieldOf(name), text, ...holder);
    if (input) wrong.push([input, text]);
    else rest.push(error.detail);
  }
  if (!wrong.length || rest.length)
    find(form, ".form-error").replaceChildren(failure(rest.length ? { message: rest.join(" ") } : problem));
  if (wrong.length) leadToErrors(form, wrong, problem.message);
}

/**
 * Moves the focus to the first wrong field, in the order of the form. Above a form with several wrong fields it lists
 * them as links.
 * @param {HTMLFormElement} form
 * @param {[input: HTMLElement, text: string][]} wrong
 * @param {string} message
 */
function leadToErrors(form, wrong, message) {
  wrong.sort(([a], [b]) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
  const fields = new Set(wrong.map(([input]) => input)).size;
  const title = `${plural(fields, "field")} ${fields === 1 ? "needs" : "need"} fixing.`;
  const summary = form.querySelector(".summary");
  if (fields > 1) {
    const entries = h(
      "ul",
      {},
      wrong.map(([input, text]) => h("li", {}, errorLink(input, text))),
    );
    summary?.replaceChildren(h("div", { class: "message bad", role: "group", "aria-label": title }, title, entries));
  }
  wrong[0][0].focus();
  announce(fields > 1 ? title : message);
}

/**
 * A link that moves the focus to a wrong field. The address stays that of the view.
 * @type {(input: HTMLElement, text: string) => HTMLElement}
 */
function errorLink(input, text) {
  const label = input.closest(".field")?.querySelector("label, legend")?.textContent ?? "";
  const element = link(`${label}: ${text}`, location.hash || "#");
  element.addEventListener("click", (event) => {
    event.preventDefault();
    input.focus();
  });
  return element;
}

/**
 * Creates a form: its fields, a place for errors of the whole form, its buttons. `submit` is called with the form.
 * Until it ends, the fields are inert, so that nothing typed meanwhile is lost, and the other buttons are disabled.
 * The page asks before it loses edits, unless `ask` is false.
 * @param {Child} fields
 * @param {Child} buttons
 * @param {(form: HTMLFormElement) => unknown} submit
 * @param {{ask?: boolean}} [options]
 */
export function createForm(fields, buttons, submit, { ask = true } = {}) {
  const inputs = h("div", {}, fields);
  if (inputs.querySelector(":required")) inputs.prepend(h("p", { class: "hint stars" }, "* required"));
  const formError = h("div", { class: "form-error" });
  const summary = h("div", { class: "summary" });
  const form = h("form", { novalidate: true }, summary, inputs, formError, h("div", { class: "buttons" }, buttons));
  const mark = ask ? markUnsaved(form) : () => {};
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pressed = find(form, "button[type=submit]");
    whileBusy(pressed, formError, async () => {
      clearErrors(form);
      form.removeAttribute("data-unsaved");
      const focused = focusedIn(inputs) ?? pressed;
      /** @type {NodeListOf<HTMLButtonElement>} */
      const others = form.querySelectorAll("button[type=button]");
      /** @param {boolean} busy */
      const setBusy = (busy) => {
        inputs.inert = busy;
        for (const other of others) other.disabled = busy;
      };
      pressed.focus();
      setBusy(true);
      try {
        await submit(form);
      } catch (error) {
        setBusy(false);
        mark();
        if (error.name !== "AbortError") showProblem(form, error);
      } finally {
        setBusy(false);
        if (document.activeElement === pressed) focused.focus();
      }
    });
  });
  return form;
}

/**
 * Creates a form that opens the view at `path` with the values of its fields in the address.
 * @param {string} path
 * @param {Child} fields
 * @param {(values: Record<string, string>) => void} [onSubmit]
 */
export function searchForm(path, fields, onSubmit = () => {}) {
  const submit = h("button", { type: "submit", class: "main" }, "Find");
  const form = h("form", { class: "search", role: "search" }, fields, submit, h("div", { class: "form-error" }));
  form.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLElement) target.dataset.typed = ""; // the view that is drawn next takes it over
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    for (const field of form.querySelectorAll("[data-typed]")) field.removeAttribute("data-typed");
    const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
    onSubmit(values);
    const next = `#${path}?${new URLSearchParams(values)}`;
    if (location.hash === next) dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = next;
  });
  return form;
}

/** @param {string} text */
export const submitButton = (text) => h("button", { type: "submit", class: "main" }, text);
