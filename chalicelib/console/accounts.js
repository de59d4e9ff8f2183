// Accounts: which of them a caller has, and which one a form begins with.

import { h } from "./dom.js";
import { field } from "./forms.js";

const LAST = "rollcall.account"; // in this tab, until who is signed in goes

const granted = (me, permission) => (Array.isArray(me.grants[permission]) ? me.grants[permission] : null);

/** Whether the caller has a permission: for this account, or without one for any. */
export const may = (me, permission, account) =>
  permission in me.grants &&
  (account === undefined || !granted(me, permission) || granted(me, permission).includes(account));

/** The one account of a caller who has no other, else "". */
export const only = (me, permission) => (granted(me, permission)?.length === 1 ? granted(me, permission)[0] : "");

/** The account that a form begins with: the only one there is, else the last one used. */
export function usual(me, permission) {
  const last = sessionStorage.getItem(LAST) ?? "";
  return only(me, permission) || (may(me, permission, last) ? last : "");
}

export const used = (account) => sessionStorage.setItem(LAST, account);

/** A field to choose or type an account: those that the caller has are offered. */
export function accountField(me, permission, value, more = {}) {
  const place = field({ name: "account_id", label: "Account", value, list: "accounts-known", ...more });
  place.append(
    h(
      "datalist",
      { id: "accounts-known" },
      (granted(me, permission) ?? []).map((account) => h("option", { value: account })),
    ),
  );
  return place;
}
