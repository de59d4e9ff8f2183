// The list of members: search it, or scroll through an account.

import { accountsOf, defaultAccount, nobodyText, onlyAccount, recentAccounts, suggestNoLonger } from "./accounts.js";
import { h, link, notice, redraw } from "./dom.js";
import { exportButton } from "./exports.js";
import { clearErrors, field, searchForm, showProblem } from "./forms.js";
import { memberList } from "./member_list.js";
import { pagesOf, readsInParts, waysOf } from "./search.js";

/** @import { Problem } from "./api.js" */
/** @import { Child, Context, Found, Me, Way } from "./types" */

const READ = "members:read";
const MAX_AT_ONCE = 4; // accounts that a search for a name reads side by side
const WITHIN_ONE = ["name", "phone_ends_with"]; // the ways that need an account
const MAX_SUGGESTED = 8; // accounts to choose from beside a search
/** @type {(values: Record<string, string>) => string} */
const addressOf = (values) => `#/members?${new URLSearchParams(values)}`;

/** @type {(place: HTMLElement, context: Context) => void} */
export function list(place, context) {
  const { me, may, query: given } = context;
  const account = given.get("account") ?? defaultAccount(me, READ);
  const text = (given.get("q") ?? "").trim();
  const form = searchBox(account, text);
  const messages = h("div");
  const exports = h("span");
  /** @param {string} prefix */
  const showExport = (prefix) => redraw(exports, exportButton(may, account, prefix, messages));
  /** @param {Problem} problem */
  const onRefused = (problem) => {
    clearErrors(form);
    showProblem(form, problem, (name) => (name === "account_id" ? name : "q"));
    return true;
  };
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
    text
      ? searched(context, account, text, { onRefused, showExport })
      : memberList(context, {
          account,
          caption: account ? `Members of account ${account}` : "Members of all accounts",
          onLetter: showExport,
          onRefused,
          empty: () => {
            suggestNoLonger(account);
            const misspelt = account && !accountsOf(me, READ)?.includes(account); // nothing leads to an import into it
            const text = account ? nobodyText(me, account) : "There are no members yet.";
            return notice(text, misspelt ? null : rosterLink(may));
          },
        }),
  );
}

/** @type {(account: string, text: string) => HTMLFormElement} */
const searchBox = (account, text) =>
  searchForm("/members", [
    h("input", { type: "hidden", name: "account", value: account }),
    field({
      name: "q",
      label: "Search for",
      hint: "A name, a phone number or its last digits, a client member id, or a member id.",
      value: text,
      type: "search",
      "data-first": true,
    }),
  ]);

/** @param {Context["may"]} may */
const rosterLink = (may) =>
  may("imports:write") && may("imports:read") ? h("p", {}, link("Import a roster", "#/imports/new")) : null;

/**
 * The accounts that are searched one by one, for what cannot be found in all at once: the chosen one, or the user's few.
 * @type {(me: Me, account: string) => string[]}
 */
function singleAccounts(me, account) {
  if (account) return [account];
  const readable = accountsOf(me, READ) ?? [];
  return readable.length <= MAX_AT_ONCE ? readable : [];
}

/**
 * What a text finds: in the way that the address names, else in all ways at once. The only way that finds something
 * becomes the filter, which the address names too; of several the user chooses one.
 * @param {Context} context
 * @param {string} account
 * @param {string} text
 * @param {{onRefused: (problem: Problem) => boolean, showExport: (prefix: string) => void}} options
 * @returns {Child}
 */
function searched(context, account, text, { onRefused, showExport }) {
  const { me, query: given, signal } = context;
  const within = singleAccounts(me, account);
  const all = waysOf(text, account, within);
  const chosen = all.find(({ by }) => by === given.get("by"));
  const ways = chosen ? [chosen] : all;
  const filters = h("div", { class: "filters" });
  /** @param {Way} way */
  const showFilter = (way) => {
    redraw(filters, filterChip(account, text, way));
    if (way.by === "name" && !/[\s,]/.test(text)) showExport(text);
  };
  /** @type {string[]} */
  let refusals = [];
  /** @type {(found: Found[], reasons: string[]) => void} */
  const onFirst = (found, reasons) => {
    refusals = reasons;
    const hits = found.filter(({ items, more }) => items.length || more);
    if (chosen || !hits.length) return;
    if (hits.length > 1) redraw(filters, choice(account, text, hits));
    else {
      showFilter(hits[0].way);
      context.replaceAddress(addressOf({ account, q: text, by: hits[0].way.by }));
    }
  };
  if (chosen) showFilter(chosen);
  return [
    filters,
    within.length || all[0]?.by === "id" ? null : accountsHint(me, text),
    memberList(context, {
      account,
      caption: `${account ? `Members of account ${account}` : "Members of all accounts"} that match “${text}”`,
      load: pagesOf(ways, signal, onFirst),
      inParts: readsInParts(ways),
      onRefused,
      empty: () => nothingFound(me, account, text, ways, refusals),
    }),
  ];
}

/** @type {(account: string, text: string, way: Way) => Child} */
const filterChip = (account, text, { label, value }) =>
  h(
    "span",
    { class: "filter" },
    `${label}: `,
    h("bdi", {}, value),
    link("×", addressOf({ account }), { "aria-label": `Remove the filter ${label}: ${text}` }),
  );

/**
 * The ways that found something, of which the user may choose one.
 * @type {(account: string, text: string, hits: Found[]) => Child}
 */
const choice = (account, text, hits) => [
  h("span", {}, "Found as: "),
  hits.map(({ way, count, more }) =>
    link(`${way.label} (${count}${more ? "+" : ""})`, addressOf({ account, q: text, by: way.by }), {
      class: "filter",
    }),
  ),
];

/**
 * Says what needs an account, with the accounts to choose from.
 * @type {(me: Me, text: string) => Child}
 */
function accountsHint(me, text) {
  const accounts = (accountsOf(me, READ) ?? recentAccounts()).slice(0, MAX_SUGGESTED);
  return h(
    "p",
    { class: "quiet" },
    "Names and last digits are searched within one account",
    accounts.length ? ": " : ". Choose it above.",
    accounts.map((account, i) => [i ? ", " : "", link(account, addressOf({ account, q: text }))]),
  );
}

/** @param {Way[]} ways */
const nounsOf = (ways) => new Intl.ListFormat("en", { type: "conjunction" }).format(ways.map(({ noun }) => noun));

/** @type {(me: Me, account: string, text: string, ways: Way[], reasons: string[]) => HTMLElement} */
function nothingFound(me, account, text, ways, reasons) {
  const tried = nounsOf(ways);
  const elsewhere = account && !onlyAccount(me, READ) ? ways.filter(({ by }) => !WITHIN_ONE.includes(by)) : [];
  const firstName = ways.some(({ by }) => by === "name") && !/[\s,]/.test(text);
  return notice(
    `No member${account ? ` of account ${account}` : ""} matches “${text}”.`,
    tried ? h("p", { class: "quiet" }, `Searched by ${tried}.`) : null,
    firstName ? h("p", {}, `Is ${text} a first name? Add how the last name starts: “${text} m”.`) : null,
    reasons.map((reason) => h("p", { class: "quiet" }, reason)),
    elsewhere.length
      ? h("p", {}, link(`Search all accounts by ${nounsOf(elsewhere)}`, addressOf({ account: "", q: text })))
      : null,
  );
}
