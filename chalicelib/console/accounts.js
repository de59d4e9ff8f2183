// Accounts: the ones that a user has access to, and the one that a form starts with.

import { find, h } from "./dom.js";
import { field } from "./forms.js";

/** @import { FieldOptions, Me } from "./types" */

const ACCOUNT_KEY = "rollcall.account"; // in this tab's storage, until the session ends
const RECENT_KEY = "rollcall.accounts";
const MAX_RECENT = 8;

/**
 * The accounts that a permission is limited to; null if it is not.
 * @type {(me: Me, permission: string) => string[] | null}
 */
export const accountsOf = (me, permission) => {
  const accounts = me.grants[permission];
  return Array.isArray(accounts) ? accounts : null;
};

/**
 * Whether the user has a permission: for this account, or without one for any.
 * @type {(me: Me, permission: string, account?: string) => boolean}
 */
export const may = (me, permission, account) =>
  permission in me.grants && (account === undefined || (accountsOf(me, permission)?.includes(account) ?? true));

/**
 * The account of a user who has one alone, else "".
 * @type {(me: Me, permission: string) => string}
 */
export function onlyAccount(me, permission) {
  const accounts = accountsOf(me, permission);
  return accounts?.length === 1 ? accounts[0] : "";
}

/**
 * The account that a form starts with: the user's only one, else the last one used.
 * @type {(me: Me, permission: string) => string}
 */
export function defaultAccount(me, permission) {
  const last = sessionStorage.getItem(ACCOUNT_KEY) ?? "";
  return onlyAccount(me, permission) || (may(me, permission, last) ? last : "");
}

/** @returns {string[]} the accounts that were used in this session, the last one first */
export const recentAccounts = () => JSON.parse(sessionStorage.getItem(RECENT_KEY) ?? "[]");

const accountChanges = new EventTarget(); // "change" when the header chooses another account for the forms of a view

/**
 * Remembers the account that was used last. Returns whether a form takes it over.
 * @param {string} account
 */
export function rememberAccount(account) {
  sessionStorage.setItem(ACCOUNT_KEY, account);
  const taken = !accountChanges.dispatchEvent(new CustomEvent("change", { detail: account, cancelable: true }));
  const recent = [account, ...recentAccounts().filter((one) => one !== account)].filter(Boolean);
  sessionStorage.setItem(RECENT_KEY, JSON.stringify(recent.slice(0, MAX_RECENT)));
  return taken;
}

/**
 * Suggests an account no longer, as it may be misspelt.
 * @param {string} account
 */
export function suggestNoLonger(account) {
  sessionStorage.setItem(RECENT_KEY, JSON.stringify(recentAccounts().filter((one) => one !== account)));
}

/**
 * The text in place of the members of an account without any. Only an account that was typed may be misspelt.
 * @type {(me: Me, account: string) => string}
 */
export const nobodyText = (me, account) =>
  accountsOf(me, "members:read")?.includes(account)
    ? `Nobody is in account ${account} yet.`
    : `Nobody is in account ${account}. Check the spelling.`;

/** Whether a form of the view follows the account that is chosen in the header. */
export const isFollowed = () => document.querySelector("#main [data-follows]") !== null;

/**
 * Calls back with the account that the header chooses for the forms of a view, until the signal aborts. `take` returns
 * whether the form takes it over.
 * @type {(signal: AbortSignal, take: (account: string) => boolean) => void}
 */
export function onAccountChange(signal, take) {
  const listener = (/** @type {Event} */ event) => {
    if (take(/** @type {CustomEvent<string>} */ (event).detail)) event.preventDefault();
  };
  accountChanges.addEventListener("change", listener, { signal });
}

/**
 * Creates a field for an account that starts with the one in the header, and follows it until the signal aborts.
 * @type {(me: Me, permission: string, signal: AbortSignal, more?: Partial<FieldOptions>) => HTMLElement}
 */
export function followingAccountField(me, permission, signal, more = {}) {
  const place = accountField(me, permission, defaultAccount(me, permission), more);
  const input = /** @type {HTMLInputElement} */ (find(place, "input"));
  input.dataset.follows = "";
  onAccountChange(signal, (account) => {
    const taken = may(me, permission, account);
    if (taken) input.value = account;
    return taken;
  });
  return place;
}

/**
 * Creates a field to type an account, or to choose one of the user's, or of the last ones used.
 * @param {Me} me
 * @param {string} permission
 * @param {string} value
 * @param {Partial<FieldOptions>} [more]
 */
export function accountField(me, permission, value, more = {}) {
  const place = field({ name: "account_id", label: "Account", value, list: `accounts-${permission}`, ...more });
  const options = (accountsOf(me, permission) ?? recentAccounts()).map((account) => h("option", { value: account }));
  place.append(h("datalist", { id: `accounts-${permission}` }, options));
  return place;
}
