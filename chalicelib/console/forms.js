// Forms: labelled fields, each with a place for its error.

import { fieldLabel } from "./api.js";
import { announce, failure, find, focusedIn, h, link, whileBusy } from "./dom.js";

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
 * @param {{name: string, label: string, options: string[][], values: string[]}} options
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
  form.querySelector(".form-error")?.replaceChildren();
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
  /** @type {HTMLElement | null} */
  let first = null;
  const rest = [];
  for (const error of problem.errors ?? []) {
    const name = error.pointer.replace(/^[#?]\/?/, "").split("/")[0];
    // The label of the field says "Phone number: " already.
    const text = error.detail.replace(new RegExp(`^${fieldLabel(name)}: `, "i"), "");
    const holder = error.member ? [" ", link("Show that member", `#/members/${error.member.id}`)] : [];
    const input = showError(form, fieldOf(name), text, ...holder);
    if (!input) rest.push(error.detail);
    first ??= input;
  }
  if (!first || rest.length)
    find(form, ".form-error").replaceChildren(failure(rest.length ? { message: rest.join(" ") } : problem));
  if (!first) return;
  first.focus();
  announce(problem.message);
}

/**
 * Creates a form: its fields, a place for errors of the whole form, its buttons. `submit` is called with the form.
 * Until it ends, the fields are inert, so that nothing typed meanwhile is lost, and the other buttons are disabled.
 * @param {Child} fields
 * @param {Child} buttons
 * @param {(form: HTMLFormElement) => unknown} submit
 */
export function createForm(fields, buttons, submit) {
  const inputs = h("div", {}, fields);
  if (inputs.querySelector(":required")) inputs.prepend(h("p", { class: "hint stars" }, "* required"));
  const formError = h("div", { class: "form-error" });
  const form = h("form", { novalidate: true }, inputs, formError, h("div", { class: "buttons" }, buttons));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pressed = find(form, "button[type=submit]");
    whileBusy(pressed, formError, async () => {
      clearErrors(form);
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
  form.addEventListener("submit", (event) => {
    event.preventDefault();
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
