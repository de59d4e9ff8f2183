// The options of an import that its preview does not show: what happens, and its limits.

import { announce, find, h } from "./dom.js";
import { clearErrors, field, fieldValue } from "./forms.js";
import { MODES } from "./import_texts.js";

/** @import { ImportOptions } from "./types" */

/** Creates the form of the options. */
export function optionForm() {
  const form = h(
    "form",
    { class: "options" },
    field({ name: "mode", label: "What should happen", options: MODES }),
    field({
      name: "region",
      label: "Region of phone numbers",
      hint: "Two letters, such as GB, for numbers without + and country code.",
    }),
    field({
      name: "max_rejected",
      label: "Rejected rows allowed",
      hint: "A number, or a share such as 5%. With more, the import fails. If blank, any number.",
    }),
    h(
      "div",
      { class: "rows" },
      field({
        name: "rows",
        label: "Expected number of rows",
        inputmode: "numeric",
        hint: "A file with another number is not imported.",
      }),
    ),
  );
  form.addEventListener("submit", (event) => event.preventDefault());
  return form;
}

/**
 * Returns the options in the form, null after showing what is wrong with them.
 * @param {HTMLFormElement} form
 * @param {number} files to be sent with these options
 * @returns {Omit<ImportOptions, "dry_run"> | null}
 */
export function readOptions(form, files) {
  /** @param {string} name */
  const text = (name) => fieldValue(form, name).trim();
  const rows = files > 1 ? "" : text("rows").replace(/[\s.,'’]/g, "");
  const limit = text("max_rejected").replace(/\s/g, "");
  const region = text("region").toUpperCase();
  /** @type {[kept: boolean, name: string, text: string][]} */
  const rules = [
    [/^([A-Z]{2})?$/.test(region), "region", "Must be two letters, such as GB."],
    [/^(\d{1,9}|\d{1,2}%)?$/.test(limit), "max_rejected", "Must be a number, or a share such as 5%."],
    [/^\d{0,9}$/.test(rows), "rows", "Must be a whole number."],
  ];
  const broken = rules.filter(([kept]) => !kept);
  clearErrors(form);
  if (broken.length) {
    showBroken(form, broken);
    return null;
  }
  return {
    mode: text("mode"),
    region: region || undefined,
    max_rejected: limit || undefined,
    rows: rows ? Number(rows) : undefined,
  };
}

/** @type {(form: HTMLFormElement, broken: [boolean, string, string][]) => void} */
function showBroken(form, broken) {
  const inputs = broken.map(([, name, text]) => {
    const input = find(form, `[name=${name}]`);
    input.setAttribute("aria-invalid", "true");
    input.closest(".field")?.querySelector(".error")?.replaceChildren(text);
    return input;
  });
  inputs[0].focus();
  announce("Not sent. Correct the options first.");
}
