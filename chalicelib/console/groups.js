// Groups: what their users and tokens may do, and for which accounts.

import { accessDialog, askIfWithoutEffect, commas, nameField } from "./access_forms.js";
import { nobodyText } from "./accounts.js";
import { call, query } from "./api.js";
import { chips } from "./chips.js";
import { find, h } from "./dom.js";
import { checkboxes, fieldValue, fieldValues } from "./forms.js";
import { permissionOptions, permissionText } from "./permissions.js";

/** @import { AccessTab, Context, Group } from "./types" */

const MAX_ACCOUNTS = 100; // as in access/model.py

/** @type {(context: Context) => AccessTab} */
export const groups = (context) => ({
  title: "Groups",
  noun: "group",
  empty: "There are no groups.",
  about: "Users and tokens have the permissions of all of their groups.",
  add: () => groupDialog("Add a group", null, context),
  /** @returns {import("./types").Column<Group>[]} */
  columns: (actions) => [
    ["Name", (group) => group.name],
    ["Permissions", (group) => permissionList(group.permissions)],
    ["Accounts", (group) => (group.accounts === "*" ? "every account" : commas(group.accounts) || "none")],
    ["", (group) => actions(group, () => groupDialog(`Edit ${group.name}`, group, context))],
  ],
});

/** @param {string[]} permissions */
const permissionList = (permissions) =>
  permissions.length
    ? h(
        "ul",
        { class: "plain" },
        permissions.map((permission) => h("li", { title: permission }, permissionText(permission))),
      )
    : "none";

/**
 * Opens the form of a group; null for a new one.
 * @type {(title: string, group: Group | null, context: Context) => Promise<unknown>}
 */
function groupDialog(title, group, context) {
  const accounts = accountFields(group?.accounts ?? [], context);
  const fields = [
    group ? null : nameField(),
    checkboxes({
      name: "permissions",
      label: "Permissions",
      options: permissionOptions(),
      values: group?.permissions ?? [],
    }),
    accounts.place,
  ];
  return accessDialog(title, fields, group ? "Save" : "Add", async (form) => {
    const name = group?.name ?? fieldValue(form, "name");
    const body = { permissions: fieldValues(form, "permissions"), accounts: accounts.value() };
    await askIfWithoutEffect(
      body.permissions.length > 0 && body.accounts.length > 0,
      `${name || "A group"} without ${body.permissions.length ? "accounts" : "permissions"}?`,
      "Its users and tokens may do nothing by it.",
    );
    if (!group) await call("POST", "/groups", { body: { name, ...body } });
    else await call("PATCH", `/groups/${encodeURIComponent(name)}`, { body, match: group });
    return `The group ${name} was ${group ? "changed" : "added"}.`;
  });
}

/**
 * Creates the fields for the accounts of a group. `value` throws Problem if what is typed is refused.
 * @type {(accounts: string[] | "*", context: Context) => {place: HTMLElement, value: () => string[] | "*"}}
 */
function accountFields(accounts, context) {
  const every = checkboxes({
    name: "every_account",
    label: "Accounts",
    options: [["yes", "Every account, also those to come"]],
    values: accounts === "*" ? ["yes"] : [],
  });
  const some = chips(
    {
      name: "accounts",
      noun: "account",
      label: "These accounts",
      hint: "A comma, a semicolon, a tab or a line break ends an account; so does Enter.",
      values: accounts === "*" ? [] : accounts,
      max: MAX_ACCOUNTS,
    },
    (account) => noteOn(account, context),
  );
  const box = /** @type {HTMLInputElement} */ (find(every, "input"));
  const follow = () => {
    some.place.hidden = box.checked;
  };
  box.addEventListener("change", follow);
  follow();
  return { place: h("div", {}, every, some.place), value: () => (box.checked ? "*" : some.values()) };
}

/**
 * A note on an account in which nobody is: it may be misspelt. None for users who may not look.
 * @type {(account: string, context: Context) => Promise<string>}
 */
async function noteOn(account, { me, may, signal }) {
  if (!may("members:read", account)) return "";
  const path = `/members${query({ account_id: account, limit: 1 })}`;
  const page = await call("GET", path, { signal }).catch(() => null); // saving tells what is wrong
  return page?.items.length === 0 ? nobodyText(me, account) : "";
}
