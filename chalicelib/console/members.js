// The list of members: search it, or scroll through an account.

import { defaultAccount, nobodyText, suggestNoLonger } from "./accounts.js";
import { h, link, notice, redraw, time } from "./dom.js";
import { exportButton } from "./exports.js";
import { clearErrors, field, searchForm, showProblem } from "./forms.js";
import { listOf } from "./lists.js";
import { addressOf, memberChanges } from "./member.js";

/** @import { Column, Context, Member } from "./types" */

/** @type {[string, string][]} */
const SEARCH_FIELDS = [
  ["last_name", "Last name starts with"],
  ["phone_number", "Phone number"],
  ["client_member_id", "Client member id"],
  ["id", "Member id"],
];

/** @type {(place: HTMLElement, context: Context) => void} */
export function list(place, { me, may, signal, query: given }) {
  const by = given.get("by") ?? "last_name";
  const account = given.get("account") ?? defaultAccount(me, "members:read");
  const text = given.get("q") ?? "";
  const wanted = by === "id" && text ? "" : account; // an id is of one account alone
  const form = memberSearch(account, by, text);
  const messages = h("div");
  // Other searches find members whatever their account, or one alone: there is nothing to export.
  const exports = text && by !== "last_name" ? null : exportButton(may, account, text, messages);
  const empty = text ? "No members match." : account ? nobodyText(me, account) : "There are no members yet.";
  redraw(
    place,
    h(
      "div",
      { class: "title" },
      h("h1", {}, "Members"),
      h(
        "span",
        { class: "buttons" },
        exports,
        may("members:write") ? link("Add a member", "#/members/new", { class: "button" }) : null,
      ),
    ),
    messages,
    form,
    text && by === "last_name" && !account
      ? notice("Choose an account above: last names are searched within one account.")
      : listOf({
          path: "/members",
          filters: { account_id: wanted, ...(text ? { [by]: text } : {}) },
          caption: wanted ? `Members of account ${wanted}` : "Members of all accounts",
          noun: "member",
          signal,
          columns: columnsThatFollow(signal),
          empty: () => {
            if (!text) suggestNoLonger(account);
            return notice(
              empty,
              may("imports:write") && may("imports:read") ? h("p", {}, link("Import a roster", "#/imports/new")) : null,
            );
          },
          onRefused: (problem) => {
            clearErrors(form);
            showProblem(form, problem, (name) => (name === "account_id" ? name : "q"));
            return true;
          },
        }).place,
  );
}

/** @type {(account: string, by: string, text: string) => HTMLFormElement} */
const memberSearch = (account, by, text) =>
  searchForm("/members", [
    h("input", { type: "hidden", name: "account", value: account }),
    field({ name: "by", label: "Find by", options: SEARCH_FIELDS, value: by }),
    field({ name: "q", label: "Search for", value: text, type: "search", size: 24, "data-first": true }),
  ]);

/**
 * The columns of the list, whose rows follow changes to their members until the signal aborts.
 * @param {AbortSignal} signal
 */
function columnsThatFollow(signal) {
  /** @type {Map<string, HTMLAnchorElement>} */
  const links = new Map();
  /** @param {Member} member */
  const nameLink = (member) => {
    const element = link(member.last_name, addressOf(member));
    links.set(member.id, element);
    return element;
  };
  /** @type {Column<Member>[]} */
  const columns = [
    ["Last name", nameLink],
    ["First name", (member) => member.first_name],
    ["Phone number", (member) => member.phone_number, "figures"],
    ["Client member id", (member) => member.client_member_id],
    ["Account", (member) => member.account_id],
    ["Changed", (member) => time(member.last_modified)],
  ];
  /** @type {(id: string, member: Member | null) => void} */
  const follow = (id, member) => {
    const element = links.get(id);
    const row = element?.closest("tr");
    if (!member) row?.remove();
    if (!element || !member || !row) return;
    element.textContent = member.last_name; // the element stays: Back gives it the focus again
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
