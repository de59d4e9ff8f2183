// The list of members: search it, or scroll through an account.

import { defaultAccount, nobodyText, suggestNoLonger } from "./accounts.js";
import { h, link, notice, redraw } from "./dom.js";
import { exportButton } from "./exports.js";
import { clearErrors, field, searchForm, showProblem } from "./forms.js";
import { memberList } from "./member_list.js";

/** @import { Context } from "./types" */

/** @type {[string, string][]} */
const SEARCH_FIELDS = [
  ["last_name", "Last name starts with"],
  ["phone_number", "Phone number"],
  ["client_member_id", "Client member id"],
  ["id", "Member id"],
];

/** @type {(place: HTMLElement, context: Context) => void} */
export function list(place, context) {
  const { me, may, query: given } = context;
  const by = given.get("by") ?? "last_name";
  const account = given.get("account") ?? defaultAccount(me, "members:read");
  const text = given.get("q") ?? "";
  const wanted = by === "id" && text ? "" : account; // an id is of one account alone
  const form = memberSearch(account, by, text);
  const messages = h("div");
  const exports = h("span");
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
      : memberList(context, {
          account: wanted,
          /** @type {Record<string, string>} */
          filters: text ? { [by]: text } : {},
          whole: Boolean(wanted) && !text,
          // Other searches find members whatever their account, or one alone: there is nothing to export.
          onLetter: (letter) =>
            redraw(exports, text && by !== "last_name" ? null : exportButton(may, account, text || letter, messages)),
          empty: () => {
            if (!text) suggestNoLonger(account);
            return notice(
              empty,
              may("imports:write") && may("imports:read") ? h("p", {}, link("Import a roster", "#/imports")) : null,
            );
          },
          onRefused: (problem) => {
            clearErrors(form);
            showProblem(form, problem, (name) => (name === "account_id" ? name : "q"));
            return true;
          },
        }),
  );
}

/** @type {(account: string, by: string, text: string) => HTMLFormElement} */
const memberSearch = (account, by, text) =>
  searchForm("/members", [
    h("input", { type: "hidden", name: "account", value: account }),
    field({ name: "by", label: "Find by", options: SEARCH_FIELDS, value: by }),
    field({ name: "q", label: "Search for", value: text, type: "search", size: 24, "data-first": true }),
  ]);
