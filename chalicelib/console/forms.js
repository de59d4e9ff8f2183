// Forms: labelled fields, each with a place for what is wrong with it.

import { announce, failure, h, link } from "./dom.js";

let made = 0;

/** A labelled field: {name, label, type, value, hint, options, …attributes of the input}. */
export function field({ name, label, hint, options, type = "text", value = "", ...more }) {
  const id = `${name}-${++made}`;
  const described = `${id}-error${hint ? ` ${id}-hint` : ""}`;
  const shared = { id, name, "aria-describedby": described, ...more };
  const input = options
    ? h("select", shared, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)))
    : h("input", { autocomplete: "off", spellcheck: "false", ...shared, type, value });
  return h("div", { class: "field" },
    h("label", { for: id }, label),
    input,
    hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null,
    h("p", { class: "error", id: `${id}-error` }));
}

/** A group of checkboxes of one name: {name, label, options: [[value, text]…], values}. */
export function choices({ name, label, options, values }) {
  const id = `${name}-${++made}`;
  return h("fieldset", { class: "field", "aria-describedby": `${id}-error` },
    h("legend", {}, label),
    options.map(([value, text]) => h("label", { class: "choice" },
      h("input", { type: "checkbox", name, value, checked: values.includes(value) }), text)),
    h("p", { class: "error", id: `${id}-error` }));
}

export const valueOf = (form, name) => form.elements[name].value;
export const valuesOf = (form, name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map((box) => box.value);

export function clearErrors(form) {
  for (const place of form.querySelectorAll(".error")) place.replaceChildren();
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  form.querySelector(".form-error")?.replaceChildren();
}

/** Shows a problem at the fields that it is about, and what is about none of them above the buttons. */
export function showProblem(form, problem) {
  let first = null;
  const rest = [];
  for (const error of problem.errors ?? []) {
    const name = error.pointer.replace(/^[#?]\/?/, "").split("/")[0];
    const input = form.querySelector(`[name="${CSS.escape(name)}"]`);
    const place = input?.closest(".field")?.querySelector(".error");
    if (!place) { rest.push(error.detail); continue; }
    input.setAttribute("aria-invalid", "true");
    place.append(place.childNodes.length ? " " : "", error.detail.replace(`${name}: `, ""));
    if (error.member) place.append(" ", link("Show that member", `#/members/${error.member.id}`));
    first ??= input;
  }
  if (!first || rest.length) {
    const text = rest.length ? rest.join(" ") : problem.message;
    form.querySelector(".form-error").replaceChildren(failure({ message: text }));
  }
  first?.focus();
  announce(problem.message);
}

/** A form: its fields, a place for what is wrong with all of it, its buttons; `submit` is called with the form. */
export function formOf(fields, buttons, submit) {
  const form = h("form", { novalidate: true }, fields, h("div", { class: "form-error" }), h("div", { class: "buttons" }, buttons));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearErrors(form);
    const pressed = form.querySelector("button[type=submit]");
    pressed.disabled = true;
    try {
      await submit(form);
    } catch (error) {
      if (error.name !== "AbortError") showProblem(form, error);
    } finally {
      pressed.disabled = false;
    }
  });
  return form;
}

export const submitButton = (text) => h("button", { type: "submit", class: "main" }, text);

/** A form in a dialog; `submit` is called with the form and closes it by succeeding. True when it did. */
export function dialogOf(title, fields, action, submit) {
  return new Promise((answer) => {
    const cancel = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
    const form = formOf(fields, [submitButton(action), cancel], async (sent) => {
      await submit(sent);
      dialog.close("done");
    });
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, h("h2", { id: "dialog-title" }, title), form);
    dialog.addEventListener("close", () => { dialog.remove(); answer(dialog.returnValue === "done"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
