// The options of an import beside its mode. Most files need none, so they are folded.

import { accountField, onlyAccount } from "./accounts.js";
import { announce, button, find, focusOn, h } from "./dom.js";
import { ENCODINGS } from "./encodings.js";
import { field } from "./forms.js";
import { FIELDS } from "./member.js";

/** @import { Me, MoreOptions } from "./types" */

/** @type {readonly (readonly [name: string, text: string])[]} */
const COLUMN_FIELDS = [...FIELDS, ["previous_client_member_id", "Previous client member id"]];

/**
 * Creates the folded fields. Their summary names the options that are set.
 * @param {Me} me
 */
export function moreOptions(me) {
  const chosen = h("span", { class: "quiet" });
  const place = h(
    "details",
    { class: "more" },
    h("summary", {}, "More options", chosen),
    h("div", { class: "grid" }, optionFields(me)),
    columnPairs(),
  );
  const showChosen = () => {
    chosen.textContent = chosenText(place);
  };
  place.addEventListener("input", showChosen);
  showChosen();
  return place;
}

/** @param {Me} me */
const optionFields = (me) => [
  accountField(me, "imports:write", onlyAccount(me, "imports:write"), {
    hint: "All rows belong to it; rows that name another are rejected.",
  }),
  field({ name: "encoding", label: "Encoding of the file", options: [["", "Detect it"], ...ENCODINGS] }),
  field({
    name: "rows",
    label: "Expected number of rows",
    inputmode: "numeric",
    hint: "A file with another number is not imported.",
  }),
  field({
    name: "max_rejected",
    label: "Rejected rows allowed",
    hint: "A number, or a share such as 5%. With more, the import fails. If blank, any number.",
  }),
  field({
    name: "region",
    label: "Region of phone numbers",
    hint: "Two letters, such as GB, for numbers without + and country code.",
  }),
];

/** @type {(place: HTMLElement, name: string) => HTMLInputElement} */
const inputOf = (place, name) => /** @type {HTMLInputElement} */ (find(place, `[name=${name}]`));
/** @type {(place: HTMLElement, name: string) => string} */
const textOf = (place, name) => inputOf(place, name).value.trim();

/** @param {HTMLElement} place */
function chosenText(place) {
  const columns = pairsIn(place).map(({ text }) => text);
  /** @type {[string, (value: string) => string][]} */
  const texts = [
    ["account_id", (value) => `account ${value}`],
    ["encoding", (value) => value],
    ["rows", (value) => `${value} rows`],
    ["max_rejected", (value) => `at most ${value} rejected`],
    ["region", (value) => `region ${value}`],
  ];
  const chosen = texts.filter(([name]) => textOf(place, name)).map(([name, text]) => text(textOf(place, name)));
  if (columns.length) chosen.push(`columns ${columns.join(", ")}`);
  return chosen.length ? `: ${chosen.join("; ")}` : "";
}

/** Creates the pairs of a column's name in the file and the field that it holds; none at first. */
function columnPairs() {
  const pairs = h("div", {});
  const add = button("Add a column", () => {
    const pair = columnPair(() => {
      pair.remove();
      add.dispatchEvent(new Event("input", { bubbles: true }));
      focusOn(add);
    });
    pairs.append(pair);
    focusOn(find(pair, "input"));
  });
  return h(
    "fieldset",
    { class: "columns" },
    h("legend", {}, "Columns"),
    h("p", { class: "hint" }, "Usual names of columns are recognized. For others, say which field each holds."),
    pairs,
    add,
  );
}

/** @param {() => void} onRemove */
const columnPair = (onRemove) =>
  h(
    "div",
    { class: "pair" },
    field({ name: "column", label: "Column in the file" }),
    field({ name: "column_field", label: "is the", options: [["", "…"], ...COLUMN_FIELDS] }),
    button("Remove", onRemove, { "aria-label": "Remove this column" }),
  );

/**
 * The pairs with a name; the others are not filled in.
 * @param {HTMLElement} place
 */
const pairsIn = (place) =>
  [...place.querySelectorAll(".pair")]
    .map((pair) => {
      const name = inputOf(/** @type {HTMLElement} */ (pair), "column");
      const target = inputOf(/** @type {HTMLElement} */ (pair), "column_field");
      return { name, target, text: name.value.trim() };
    })
    .filter(({ text }) => text);

/**
 * Returns the options in the form, null after showing what is wrong with them.
 * @param {HTMLFormElement} form
 * @param {number} files to be sent with these options
 * @returns {MoreOptions | null}
 */
export function readOptions(form, files) {
  const rows = textOf(form, "rows").replace(/[\s.,'’]/g, "");
  const limit = textOf(form, "max_rejected").replace(/\s/g, "");
  const region = textOf(form, "region").toUpperCase();
  const pairs = pairsIn(form);
  /** @type {[boolean, HTMLInputElement, string][]} */
  const rules = [
    [/^\d{0,9}$/.test(rows), inputOf(form, "rows"), "Must be a whole number."],
    [!rows || files < 2, inputOf(form, "rows"), "Is the number of one file. Send the files one by one."],
    [/^(\d{1,9}|\d{1,2}%)?$/.test(limit), inputOf(form, "max_rejected"), "Must be a number, or a share such as 5%."],
    [/^([A-Z]{2})?$/.test(region), inputOf(form, "region"), "Must be two letters, such as GB."],
    ...pairs.flatMap((_, index) => pairRules(pairs, index)),
  ];
  const broken = rules.filter(([kept]) => !kept);
  if (broken.length) {
    showBroken(form, broken);
    return null;
  }
  const columns = Object.fromEntries(pairs.map(({ text, target }) => [text, target.value]));
  return {
    account_id: textOf(form, "account_id") || undefined,
    encoding: textOf(form, "encoding") || undefined,
    region: region || undefined,
    max_rejected: limit || undefined,
    rows: rows ? Number(rows) : undefined,
    columns: pairs.length ? columns : undefined,
  };
}

/**
 * The rules of a pair: whether it keeps each, its input, what to do.
 * @type {(pairs: ReturnType<typeof pairsIn>, index: number) => [boolean, HTMLInputElement, string][]}
 */
function pairRules(pairs, index) {
  const { name, target, text } = pairs[index];
  const before = pairs.slice(0, index);
  return [
    [!before.some((one) => one.text === text), name, "Is named above."],
    [Boolean(target.value), target, "Choose what the column holds."],
    [!target.value || !before.some((one) => one.target.value === target.value), target, "Has a column above."],
  ];
}

/** @type {(form: HTMLFormElement, broken: [boolean, HTMLInputElement, string][]) => void} */
function showBroken(form, broken) {
  for (const [, input, text] of broken) {
    input.setAttribute("aria-invalid", "true");
    input.closest(".field")?.querySelector(".error")?.replaceChildren(text);
  }
  find(form, ".more").setAttribute("open", "");
  broken[0][1].focus();
  announce("Not sent. Correct the options first.");
}

/**
 * Clears the number of rows, which holds for the file that was sent and no other.
 * @param {HTMLFormElement} form
 */
export function forgetRows(form) {
  const input = inputOf(form, "rows");
  input.value = "";
  input.dispatchEvent(new Event("input", { bubbles: true }));
}
