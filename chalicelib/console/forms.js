// Forms: labelled fields, each with a place for what is wrong with it.

import { announce, during, failure, h, link } from "./dom.js";

let made = 0;

/** A labelled field: {name, label, type, value, hint, options, …attributes of the input}. */
export function field({ name, label, hint, options, type = "text", value = "", ...more }) {
  const id = `${name}-${++made}`;
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

/** A group of checkboxes of one name: {name, label, options: [[value, text]…], values}. */
export function choices({ name, label, options, values }) {
  const id = `${name}-${++made}`;
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

export const fieldValue = (form, name) => form.elements[name].value;
export const fieldValues = (form, name) =>
  [...form.querySelectorAll(`[name="${name}"]:checked`)].map((box) => box.value);

export function clearErrors(form) {
  for (const place of form.querySelectorAll(".error")) place.replaceChildren();
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  form.querySelector(".form-error")?.replaceChildren();
}

/** Says what is wrong with a field, beside it; the field's input, null where the form has no such field. */
export function showError(form, name, text, ...more) {
  const input = form.querySelector(`[name="${CSS.escape(name)}"]`);
  const place = input?.closest(".field")?.querySelector(".error");
  if (!place) return null;
  input.setAttribute("aria-invalid", "true");
  place.append(place.childNodes.length ? " " : "", text, ...more);
  return input;
}

/**
 * Shows a problem at the fields that it is about, and what is about none of them above the buttons. `fieldOf` says
 * which field of the form is meant by a name of the API, where they differ.
 */
export function showProblem(form, problem, fieldOf = (name) => name) {
  let first = null;
  const rest = [];
  for (const error of problem.errors ?? []) {
    const name = error.pointer.replace(/^[#?]\/?/, "").split("/")[0];
    // At its field, "Phone number: " need not be said again.
    const text = error.detail.replace(new RegExp(`^${name.replaceAll("_", " ")}: `, "i"), "");
    const holder = error.member ? [" ", link("Show that member", `#/members/${error.member.id}`)] : [];
    const input = showError(form, fieldOf(name), text, ...holder);
    if (!input) rest.push(error.detail);
    first ??= input;
  }
  if (!first || rest.length)
    form.querySelector(".form-error").replaceChildren(failure(rest.length ? { message: rest.join(" ") } : problem));
  if (!first) return;
  first.focus();
  announce(problem.message);
}

/**
 * A form: its fields, a place for what is wrong with all of it, its buttons; `submit` is called with the form. Until
 * that has ended its fields take nothing in, so that nothing typed meanwhile is lost, and its other buttons wait too.
 */
export function formOf(fields, buttons, submit) {
  const inputs = h("div", {}, fields),
    wrong = h("div", { class: "form-error" });
  const form = h("form", { novalidate: true }, inputs, wrong, h("div", { class: "buttons" }, buttons));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pressed = form.querySelector("button[type=submit]");
    during(pressed, wrong, async () => {
      clearErrors(form);
      const focused = inputs.contains(document.activeElement) ? document.activeElement : pressed;
      const others = [...form.querySelectorAll("button[type=button]")];
      const wait = (yes) => {
        inputs.inert = yes;
        for (const other of others) other.disabled = yes;
      };
      pressed.focus();
      wait(true);
      try {
        await submit(form);
      } catch (error) {
        wait(false);
        if (error.name !== "AbortError") showProblem(form, error);
      } finally {
        wait(false);
        if (document.activeElement === pressed) focused.focus();
      }
    });
  });
  return form;
}

export const submitButton = (text) => h("button", { type: "submit", class: "main" }, text);
