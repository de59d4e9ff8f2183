// Users: people who sign in with a name and a password.

import { accessDialog, askIfWithoutEffect, commas, groupField, nameField, readGroups } from "./access_forms.js";
import { call } from "./api.js";
import { h, link, time } from "./dom.js";
import { checkboxes, field, fieldValue, fieldValues } from "./forms.js";

/** @import { AccessTab, Context, User } from "./types" */

/** @type {(context: Context) => AccessTab} */
export const users = ({ signal }) => ({
  title: "Users",
  noun: "user",
  empty: "There are no users.",
  about: "People who sign in with a name and a password. Their permissions come from their groups.",
  add: () => addUser(signal),
  /** @returns {import("./types").Column<User>[]} */
  columns: (actions) => [
    ["Name", (user) => user.name],
    ["Groups", (user) => commas(user.groups) || "none: may do nothing"],
    ["Active", (user) => (user.active ? "yes" : "no")],
    ["Last login", (user) => time(user.last_login) || "never"],
    ["", (user) => actions(user, () => editUser(user, signal))],
  ],
});

/** @type {(label: string, hint: string, required?: boolean) => HTMLElement} */
const passwordField = (label, hint, required = false) =>
  field({ name: "password", label, type: "password", autocomplete: "new-password", hint, required });

/** @type {(name: string, groups: string[]) => Promise<void>} */
const askIfWithoutGroups = (name, groups) =>
  askIfWithoutEffect(groups.length > 0, `${name} without a group?`, `${name} can sign in, but may do nothing.`);

/** @param {AbortSignal} signal */
async function addUser(signal) {
  const password = passwordField("Password", "12 characters or more.", true);
  const fields = [nameField(), password, groupField(await readGroups(signal), [])];
  return accessDialog("Add a user", fields, "Add", async (form) => {
    const name = fieldValue(form, "name");
    const groups = fieldValues(form, "groups");
    await askIfWithoutGroups(name || "A user", groups);
    await call("POST", "/users", { body: { name, password: fieldValue(form, "password"), groups } });
    return `The user ${name} was added.`;
  });
}

/**
 * Edits a user. Resolves to the name if the user is no admin any more, else to "".
 * @type {(user: User, signal: AbortSignal) => Promise<string>}
 */
async function editUser(user, signal) {
  const groups = await readGroups(signal);
  const admins = groups.filter(({ permissions }) => permissions.includes("access:admin")).map(({ name }) => name);
  /** @type {(names: string[]) => boolean} */
  const isAdmin = (names) => names.some((name) => admins.includes(name));
  let leaves = false;
  const active = checkboxes({
    name: "active",
    label: "State",
    options: [["yes", "Active: may sign in"]],
    values: user.active ? ["yes"] : [],
  });
  const fields = [
    groupField(groups, user.groups),
    active,
    passwordField("New password", "Leave empty to keep the current password."),
    h("p", {}, link(`Tokens that ${user.name} created`, tokensAddress(user.name))),
  ];
  await accessDialog(`Edit ${user.name}`, fields, "Save", async (form) => {
    const body = {
      groups: fieldValues(form, "groups"),
      active: fieldValues(form, "active").includes("yes"),
      password: fieldValue(form, "password") || undefined, // JSON leaves undefined out
    };
    await askIfWithoutGroups(user.name, body.groups);
    await call("PATCH", `/users/${encodeURIComponent(user.name)}`, { body, match: user });
    leaves = (user.active && !body.active) || (isAdmin(user.groups) && !isAdmin(body.groups));
    return `The user ${user.name} was changed.`;
  });
  return leaves ? user.name : "";
}

/** @param {string} user */
const tokensAddress = (user) => `#/access/tokens?${new URLSearchParams({ created_by: `user:${user}` })}`;
