// Users: people who sign in with a name and a password.

import { accessDialog, askIfWithoutEffect, commas, groupField, nameField } from "./access_forms.js";
import { call } from "./api.js";
import { time } from "./dom.js";
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
  const fields = [nameField(), passwordField("Password", "12 characters or more.", true), await groupField([], signal)];
  return accessDialog("Add a user", fields, "Add", async (form) => {
    const name = fieldValue(form, "name");
    const groups = fieldValues(form, "groups");
    await askIfWithoutGroups(name || "A user", groups);
    await call("POST", "/users", { body: { name, password: fieldValue(form, "password"), groups } });
    return `The user ${name} was added.`;
  });
}

/** @type {(user: User, signal: AbortSignal) => Promise<unknown>} */
async function editUser(user, signal) {
  const active = checkboxes({
    name: "active",
    label: "State",
    options: [["yes", "Active: may sign in"]],
    values: user.active ? ["yes"] : [],
  });
  const fields = [
    await groupField(user.groups, signal),
    active,
    passwordField("New password", "Leave empty to keep the current password."),
  ];
  return accessDialog(`Edit ${user.name}`, fields, "Save", async (form) => {
    const groups = fieldValues(form, "groups");
    const body = {
      groups,
      active: fieldValues(form, "active").includes("yes"),
      password: fieldValue(form, "password") || undefined, // JSON leaves undefined out
    };
    await askIfWithoutGroups(user.name, groups);
    await call("PATCH", `/users/${encodeURIComponent(user.name)}`, { body, match: user });
    return `The user ${user.name} was changed.`;
  });
}
