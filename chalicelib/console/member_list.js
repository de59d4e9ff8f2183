// The members that a search finds, in name order where the index has one.

import { h, notice, redraw, time } from "./dom.js";
import { field } from "./forms.js";
import { listOf } from "./lists.js";
import { addressOf, memberChanges } from "./member.js";
import { readablePhone } from "./phones.js";

/** @import { Problem } from "./api.js" */
/** @import { Child, Column, Context, ListOptions, Member } from "./types" */

const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/**
 * Lists members. All of an account come by name, from A to Z or from Z to A, which the address keeps, and the user may go
 * to a letter. `onLetter` is called with it, and at first.
 * @param {Context} context
 * @param {{
 *   account: string, caption: string, empty: () => HTMLElement, onRefused: (problem: Problem) => boolean,
 *   onLetter?: (letter: string) => void, load?: ListOptions<Member>["load"], inParts?: boolean,
 * }} options `account` is "" for all, `load` reads the members that a search finds
 * @returns {Child}
 */
export function memberList(context, { account, caption, empty, onRefused, onLetter = () => {}, load, inParts }) {
  const whole = Boolean(account) && !load;
  const wanted = { order: whole ? context.query.get("order") : "", letter: whole ? context.query.get("letter") : "" };
  const shown = () => ({
    account_id: account,
    ...(wanted.letter ? { last_name: wanted.letter } : {}),
    ...(wanted.order === "desc" ? { order: "desc" } : {}),
  });
  const show = () => {
    const given = { ...Object.fromEntries(context.query), account, order: wanted.order, letter: wanted.letter };
    const kept = Object.entries(given).filter(([name, value]) => value || name === "account");
    context.replaceAddress(`#/members?${new URLSearchParams(kept.map(([name, value]) => [name, value ?? ""]))}`);
    table.filter(shown());
  };
  const table = listOf({
    path: "/members",
    filters: shown(),
    load,
    inParts,
    caption,
    noun: "member",
    signal: context.signal,
    columns: columnsThatFollow(context.signal, !account),
    order: whole
      ? {
          descending: wanted.order === "desc",
          onChange: (descending) => {
            wanted.order = descending ? "desc" : "";
            show();
          },
        }
      : undefined,
    empty: () => {
      if (wanted.letter) return notice(`No last name starts with ${wanted.letter}.`);
      letters.hidden = true; // an account without members has no letters
      return empty();
    },
    onRefused,
  });
  const letters = letterField(wanted.letter ?? "", (letter) => {
    wanted.letter = letter;
    onLetter(letter);
    show();
  });
  onLetter(wanted.letter ?? "");
  return [whole ? letters : null, table.place];
}

/** @type {(value: string, onChange: (letter: string) => void) => HTMLElement} */
function letterField(value, onChange) {
  const options = [["", "all"], ...LETTERS.map((letter) => [letter, `${letter} …`])];
  const place = field({
    name: "letter",
    label: "Last names",
    options: /** @type {[string, string][]} */ (options),
    value,
  });
  place.classList.add("letters");
  place.addEventListener("change", (event) => onChange(/** @type {HTMLSelectElement} */ (event.target).value));
  return place;
}

/** @param {Member} member */
const nameOf = ({ last_name, first_name }) => [h("bdi", {}, last_name), ", ", h("bdi", {}, first_name)];

/**
 * The columns of the list, whose rows follow changes to their members until the signal aborts.
 * @type {(signal: AbortSignal, withAccount: boolean) => Column<Member>[]}
 */
function columnsThatFollow(signal, withAccount) {
  /** @type {Map<string, HTMLAnchorElement>} */
  const links = new Map();
  /** @param {Member} member */
  const nameLink = (member) => {
    const element = h("a", { href: addressOf(member) }, nameOf(member));
    links.set(member.id, element);
    return element;
  };
  /** @type {Column<Member>[]} */
  const columns = [
    ["Name", nameLink],
    ["Phone number", (member) => readablePhone(member.phone_number), "figures"],
    ["Client member id", (member) => member.client_member_id],
    ...(withAccount ? [/** @type {Column<Member>} */ (["Account", (member) => member.account_id])] : []),
    ["Changed", (member) => time(member.last_modified)],
  ];
  /** @type {(id: string, member: Member | null) => void} */
  const follow = (id, member) => {
    const element = links.get(id);
    const row = element?.closest("tr");
    if (!member) row?.remove();
    if (!element || !member || !row) return;
    element.replaceChildren(...nameOf(member)); // the element stays: Back gives it the focus again
    element.href = addressOf(member);
    links.set(member.id, element);
    for (const [i, [, content]] of columns.entries()) if (i) redraw(row.cells[i], content(member));
  };
  memberChanges.addEventListener(
    "change",
    (event) => {
      const { id, member } = /** @type {CustomEvent} */ (event).detail;
      follow(id, member);
    },
    { signal },
  );
  return columns;
}
