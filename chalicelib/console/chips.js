// A field for several short texts, each of which becomes a chip as soon as it is typed.

import { Problem } from "./api.js";
import { announce, button, h, plural } from "./dom.js";

const SEPARATORS = /[,;\t\r\n]+/;
const MAX_LENGTH = 64;

/** @typedef {{name: string, noun: string, label: string, hint: string, values: string[], max: number}} ChipOptions */
/** @typedef {{place: HTMLFieldSetElement, values: () => string[]}} Chips `values` throws Problem if a text is refused */

/**
 * Creates a field for texts, which commas, semicolons, tabs and line breaks separate. `noteOf` gets each text that is
 * added, and returns what the user should know about it, if anything.
 * @param {ChipOptions} options
 * @param {(text: string) => Promise<string>} noteOf
 * @returns {Chips}
 */
export function chips({ name, noun, label, hint, values: initial, max }, noteOf) {
  const list = h("ul", { class: "chips", "aria-label": label });
  const error = h("p", { class: "error", id: `${name}-error` });
  const input = h("input", {
    id: `${name}-input`,
    name,
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": `${name}-error ${name}-hint`,
  });
  const texts = () => [...list.querySelectorAll("input")].map(({ value }) => value);
  const changed = () => input.dispatchEvent(new Event("change", { bubbles: true })); // the form has edits to save
  /** @param {string} text */
  const add = (text) => {
    const remove = () => {
      const next = chip.nextElementSibling?.querySelector("button");
      chip.remove();
      (next ?? input).focus();
      announce(`${text} was removed. ${plural(texts().length, noun)}.`);
      changed();
    };
    const note = h("span", { class: "quiet" });
    const chip = h(
      "li",
      {},
      h("bdi", {}, text),
      note,
      h("input", { type: "hidden", name, value: text }),
      button("×", remove, { "aria-label": `Remove ${text}` }),
    );
    list.append(chip);
    return note;
  };
  /** @param {string} text */
  const addTyped = async (text) => {
    const note = add(text);
    const spaced = / /.test(text) ? `one ${noun}, with a space in it` : "";
    note.textContent = spaced;
    const notes = [spaced, await noteOf(text)].filter(Boolean).join("; ");
    note.textContent = notes;
    if (notes && list.contains(note)) announce(`${text}: ${notes}`);
  };
  /** @param {string} text */
  const refusal = (text) => {
    if (text === "*") return "* is no account. For every account, check the box above.";
    if (text.length > MAX_LENGTH) return `“${text.slice(0, MAX_LENGTH)}…” is longer than ${MAX_LENGTH} characters.`;
    return texts().length >= max ? `There can be at most ${max}: “${text}” is too many.` : "";
  };
  /** Makes chips of what is typed. What is refused stays in the field. Returns why, or "". */
  const commit = (typed = input.value) => {
    const before = texts().length;
    const refused = [];
    for (const text of typed.split(SEPARATORS).map((part) => part.trim())) {
      const reason = text && refusal(text);
      if (reason) refused.push({ text, reason });
      else if (text && !texts().includes(text)) addTyped(text);
    }
    input.value = refused.map(({ text }) => text).join(", ");
    error.textContent = refused.map(({ reason }) => reason).join(" ");
    if (refused.length) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    const added = texts().slice(before);
    const said = added.length ? `Added ${added.join(", ")}. ${plural(texts().length, noun)}.` : "";
    if (said || refused.length) announce(`${said} ${error.textContent}`.trim());
    if (added.length) changed();
    return error.textContent;
  };
  const values = () => {
    const detail = commit();
    if (!detail) return texts();
    error.textContent = ""; // the form shows it again
    throw new Problem(400, { detail, errors: [{ pointer: `#/${name}`, code: "refused", detail }] });
  };
  for (const text of initial) add(text);
  input.addEventListener("input", () => {
    if (SEPARATORS.test(input.value)) commit();
    else error.textContent = ""; // not first when the field is left: what is pressed then would move away
  });
  input.addEventListener("blur", () => commit());
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // it ends an account, also one that a separator has ended already, and never saves
    commit();
  });
  input.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text") ?? "";
    if (!SEPARATORS.test(pasted)) return;
    event.preventDefault(); // the browser would leave line breaks out, and so join what they separate
    commit(`${input.value}${pasted}`);
  });
  const place = h(
    "fieldset",
    { class: "field" },
    h("legend", {}, label),
    h("label", { for: input.id, class: "unseen" }, `Add to ${label.toLowerCase()}`),
    input,
    h("p", { class: "hint", id: `${name}-hint` }, hint),
    error,
    list,
  );
  return { place, values };
}
