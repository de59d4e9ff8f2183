// The account in the header: the one whose members are listed, and that forms start with.

import { accountsOf, defaultAccount, isFollowed, onlyAccount, recentAccounts, rememberAccount } from "./accounts.js";
import { announce, h } from "./dom.js";

/** @import { Me } from "./types" */

const PERMISSION = "members:read";

/** The address of the list of an account's members; of all if the account is blank. */
const membersOf = (/** @type {string} */ account) => `#/members?${new URLSearchParams({ account })}`;

/**
 * Creates the choice of an account, which shows its members, or sets the account of the view's form: a select for users with a few accounts, for others a field
 * that suggests the last ones used. Users who may read one account alone see its name; others see nothing.
 * @param {Me} me
 */
export function accountChoice(me) {
  const accounts = accountsOf(me, PERMISSION);
  const only = onlyAccount(me, PERMISSION);
  if (!(PERMISSION in me.grants)) return null;
  if (only) return h("span", { class: "account" }, `Account: ${only}`);
  const control = accounts ? select(accounts) : h("input", { list: "recent-accounts", placeholder: "all", size: 12 });
  const recent = h("datalist", { id: "recent-accounts" });
  control.id = "current-account";
  control.autocomplete = "off";
  const form = h("form", { class: "account" }, h("label", { for: control.id }, "Account:"), control, recent);
  let shown = "";
  const choose = () => {
    const account = control.value.trim();
    if (account === listedAccount()) return;
    if (isFollowed()) {
      const taken = rememberAccount(account);
      const now = account ? `The form is for account ${account} now.` : "Choose the account in the form.";
      announce(taken ? now : "The form keeps its account.");
      follow();
      return;
    }
    // The address of the list that is left names its account, so that Back shows it in the header too.
    if (location.hash === "#/members") history.replaceState(history.state, "", membersOf(shown));
    location.hash = membersOf(account);
  };
  control.addEventListener("change", choose);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose();
  });
  const follow = () => {
    const listed = listedAccount();
    if (listed !== null) rememberAccount(listed);
    const account = listed ?? defaultAccount(me, PERMISSION);
    if (control instanceof HTMLSelectElement && ![...control.options].some(({ value }) => value === account))
      control.append(h("option", { value: account }, account));
    control.value = account;
    shown = account;
    recent.replaceChildren(...recentAccounts().map((one) => h("option", { value: one })));
  };
  form.addEventListener("follow", follow);
  follow();
  return form;
}

/** Shows the account of the address in the header. */
export const followAddress = () => document.querySelector("form.account")?.dispatchEvent(new Event("follow"));

/** The account whose members the address lists, null if it lists none's. */
function listedAccount() {
  const [path, search = ""] = location.hash.slice(1).split("?");
  return path === "/members" ? new URLSearchParams(search).get("account") : null;
}

/** @param {string[]} accounts */
const select = (accounts) =>
  h(
    "select",
    {},
    h("option", { value: "" }, "all"),
    accounts.map((account) => h("option", { value: account }, account)),
  );
