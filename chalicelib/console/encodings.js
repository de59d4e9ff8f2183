// The encodings of files: those to choose from, and the choice where the names of a file can be read in several ways.

import { button, h, link } from "./dom.js";

/** @import { Import } from "./types" */

const template = /** @type {HTMLTemplateElement} */ (document.getElementById("encodings"));

/** @type {[name: string, text: string][]} the API's list, which is in the page */
export const ENCODINGS = [...template.content.querySelectorAll("option")].map((option) => [option.value, option.text]);

/** @param {string} encoding */
export const encodingText = (encoding) => ENCODINGS.find(([name]) => name === encoding)?.[1] ?? encoding;

/**
 * Shows the names of a file as each encoding that it may be in reads them; nothing for other imports.
 * @param {Import} record
 * @param {((encoding: string) => void) | null} sendAgain sends the file again; null if the page does not have it
 * @param {boolean} mayImport
 * @returns {HTMLElement | null}
 */
export function encodingChoice(record, sendAgain, mayImport) {
  const candidates = record.encoding_candidates;
  if (!candidates.length) return null;
  return h(
    "div",
    { class: "candidates" },
    h("p", {}, sendAgain ? "Which names are right?" : "The names would be:"),
    h(
      "ul",
      {},
      candidates.map(({ encoding, names }) =>
        h(
          "li",
          {},
          h(
            "span",
            { class: "names" },
            h("bdi", {}, names.join(", ")),
            h("span", { class: "quiet" }, ` in ${encodingText(encoding)}`),
          ),
          sendAgain ? button(`Import as ${encoding}`, () => sendAgain(encoding)) : null,
        ),
      ),
    ),
    mayImport && !sendAgain ? howToSendAgain(record, candidates[0].encoding) : null,
  );
}

/** @type {(record: Import, encoding: string) => HTMLElement} */
const howToSendAgain = (record, encoding) =>
  h(
    "p",
    {},
    record.created_by
      ? ""
      : `Put the file into a folder named after the right encoding, such as encoding=${encoding}. Or `,
    link(record.created_by ? "Send the file again" : "send it here", "#/imports/new"),
    ", and choose the names that are right.",
  );
