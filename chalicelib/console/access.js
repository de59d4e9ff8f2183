// Access: users, groups and tokens.

import { call } from "./api.js";
import { confirmed, formDialog, openDialog } from "./dialogs.js";
import { announce, button, h, link, redraw, time, whileBusy } from "./dom.js";
import { checkboxes, field, fieldValue, fieldValues } from "./forms.js";
import { listOf } from "./lists.js";

/** @import { Child, Column, Context, Group, Token, User } from "./types" */
/** @typedef {{name: string, version?: number, created_at?: string | null}} Entry a user, a group or a token */
/** @typedef {() => Promise<unknown>} Task */
/** @typedef {(entry: Entry, edit?: Task) => HTMLElement} Actions creates the cell with an entry's buttons */
/**
 * @typedef {{
 *   title: string, noun: string, empty: string, about: string, add: Task, columns: (actions: Actions) => Column<any>[],
 * }} Tab
 */

const PERMISSIONS = [
  ...["members:read", "members:write", "members:erase", "members:export"],
  ...["imports:read", "imports:write", "imports:approve", "access:admin"],
];
const TABS = [
  ["users", "Users"],
  ["groups", "Groups"],
  ["tokens", "Tokens"],
];

/** @type {(place: HTMLElement, context: Context) => void} */
export function list(place, { parts: [kind], signal }) {
  const messages = h("div");
  const { title, add, columns, noun, empty, about } = tabs[kind](signal);
  /**
   * Runs a task, then reads the list again, even after a failure: somebody else may have changed it too.
   * @type {(pressed: HTMLElement, task: Task) => Promise<void>}
   */
  const runAndReload = (pressed, task) =>
    whileBusy(pressed, messages, async () => {
      try {
        await explainPreconditionFailed(task);
      } finally {
        entries.reload();
      }
    });
  const [verb] = removal(kind);
  /** @type {Actions} */
  const actions = (entry, edit) =>
    h(
      "td",
      { class: "tools" },
      edit ? button("Edit", (pressed) => runAndReload(pressed, edit), { "aria-label": `Edit ${entry.name}` }) : null,
      button(verb, (pressed) => runAndReload(pressed, () => remove(kind, noun, entry)), {
        class: "danger",
        "aria-label": `${verb} ${entry.name}`,
      }),
    );
  const entries = listOf({ path: `/${kind}`, caption: title, noun, signal, empty, columns: columns(actions) });
  redraw(
    place,
    h(
      "div",
      { class: "title" },
      h("h1", {}, title),
      button(`Add a ${noun}`, (pressed) => runAndReload(pressed, add), { class: "main" }),
    ),
    tabLinks(kind),
    h("p", { class: "quiet" }, about),
    messages,
    entries.place,
  );
}

/** @param {string} current */
const tabLinks = (current) =>
  h(
    "nav",
    { class: "tabs", "aria-label": "Access" },
    TABS.map(([key, text]) => link(text, `#/access/${key}`, { "aria-current": key === current ? "page" : null })),
  );

/** @type {(kind: string) => [verb: string, done: string]} */
const removal = (kind) => (kind === "tokens" ? ["Revoke", "revoked"] : ["Delete", "deleted"]);

/**
 * Runs a task, and explains to the user the refusal of a stale version.
 * @template T
 * @param {() => T} task
 */
async function explainPreconditionFailed(task) {
  try {
    return await task();
  } catch (error) {
    if (error.status === 412)
      error.message =
        "Somebody else changed this, so nothing was saved. Start again from the list, which shows the current values.";
    throw error;
  }
}

/** @type {(kind: string, noun: string, entry: Entry) => Promise<void>} */
async function remove(kind, noun, { name, version, created_at }) {
  const [verb, done] = removal(kind);
  const text = `The ${noun} ${name} is ${done} at once. This cannot be undone.`;
  if (!(await confirmed(`${verb} ${name}?`, text, verb))) return;
  const match = version === undefined ? undefined : { version, created_at };
  await call("DELETE", `/${kind}/${encodeURIComponent(name)}`, { match });
  announce(`${name} was ${done}.`);
}

/** @type {(values: string[], signal: AbortSignal) => Promise<HTMLElement>} */
async function groupField(values, signal) {
  /** @type {{items: Group[]}} */
  const { items } = await call("GET", "/groups?limit=500", { signal });
  return checkboxes({ name: "groups", label: "Groups", options: items.map(({ name }) => [name, name]), values });
}

/** @type {(title: string, fields: Child, action: string, submit: (form: HTMLFormElement) => unknown) => Promise<unknown>} */
const dialog = (title, fields, action, submit) =>
  formDialog(title, fields, action, (form) => explainPreconditionFailed(() => submit(form)));
/** @param {string[]} names */
const commas = (names) => names.join(", ");
const nameField = () =>
  field({ name: "name", label: "Name", required: true, hint: "Lowercase letters, digits, and . _ @ + -" });
/** @type {(label: string, hint: string) => HTMLElement} */
const passwordField = (label, hint) =>
  field({ name: "password", label, type: "password", autocomplete: "new-password", hint });

/** @type {Record<string, (signal: AbortSignal) => Tab>} */
const tabs = {
  users: (signal) => ({
    title: "Users",
    noun: "user",
    empty: "There are no users.",
    about: "People who sign in with a name and a password. Their permissions come from their groups.",
    add: () => addUser(signal),
    /** @returns {Column<User>[]} */
    columns: (actions) => [
      ["Name", (user) => user.name],
      ["Groups", (user) => commas(user.groups)],
      ["Active", (user) => (user.active ? "yes" : "no")],
      ["Last login", (user) => time(user.last_login) || "never"],
      ["", (user) => actions(user, () => editUser(user, signal))],
    ],
  }),
  groups: () => ({
    title: "Groups",
    noun: "group",
    empty: "There are no groups.",
    about: "Users and tokens have the permissions of all of their groups.",
    add: () => groupDialog("Add a group", null),
    /** @returns {Column<Group>[]} */
    columns: (actions) => [
      ["Name", (group) => group.name],
      ["Permissions", (group) => commas(group.permissions)],
      ["Accounts", (group) => (group.accounts === "*" ? "every account" : commas(group.accounts))],
      ["", (group) => actions(group, () => groupDialog(`Edit ${group.name}`, group))],
    ],
  }),
  tokens: (signal) => ({
    title: "Tokens",
    noun: "token",
    empty: "There are no tokens.",
    about: "Programs send a token instead of a name and a password.",
    add: () => addToken(signal),
    /** @returns {Column<Token>[]} */
    columns: (actions) => [
      ["Name", (token) => token.name],
      ["Groups", (token) => commas(token.groups)],
      ["Created by", (token) => token.created_by ?? "the command line"],
      ["Expires", (token) => time(token.expires_at)],
      ["Last used", (token) => time(token.last_used) || "never"],
      ["", (token) => actions(token)],
    ],
  }),
};

/** @param {AbortSignal} signal */
async function addUser(signal) {
  const fields = [nameField(), passwordField("Password", "12 characters or more."), await groupField([], signal)];
  return dialog("Add a user", fields, "Add", (form) => {
    const body = {
      name: fieldValue(form, "name"),
      password: fieldValue(form, "password"),
      groups: fieldValues(form, "groups"),
    };
    return call("POST", "/users", { body });
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
  return dialog(`Edit ${user.name}`, fields, "Save", (form) => {
    const body = {
      groups: fieldValues(form, "groups"),
      active: fieldValues(form, "active").includes("yes"),
      password: fieldValue(form, "password") || undefined, // JSON leaves undefined out
    };
    return call("PATCH", `/users/${encodeURIComponent(user.name)}`, { body, match: user });
  });
}

/**
 * Opens the form of a group; null for a new one.
 * @type {(title: string, group: Group | null) => Promise<unknown>}
 */
function groupDialog(title, group) {
  const accounts = group?.accounts ?? [];
  const fields = [
    group ? null : nameField(),
    checkboxes({
      name: "permissions",
      label: "Permissions",
      options: PERMISSIONS.map((permission) => [permission, permission]),
      values: group?.permissions ?? [],
    }),
    field({
      name: "accounts",
      label: "Accounts",
      value: accounts === "*" ? "*" : commas(accounts),
      hint: "Account ids separated by commas, or * for every account.",
    }),
  ];
  return dialog(title, fields, group ? "Save" : "Add", (form) => {
    const body = {
      permissions: fieldValues(form, "permissions"),
      accounts: accountsFrom(fieldValue(form, "accounts")),
    };
    return group
      ? call("PATCH", `/groups/${encodeURIComponent(group.name)}`, { body, match: group })
      : call("POST", "/groups", { body: { name: fieldValue(form, "name"), ...body } });
  });
}

/** @param {string} text ids with commas between them, or * */
function accountsFrom(text) {
  const ids = text.split(",").map((id) => id.trim());
  return text.trim() === "*" ? "*" : ids.filter(Boolean);
}

/** @param {AbortSignal} signal */
async function addToken(signal) {
  const days = field({
    name: "days",
    label: "Valid for (days)",
    type: "number",
    value: "365",
    min: "1",
    max: "3650",
  });
  /** @type {{name: string, token: string}[]} */
  const created = [];
  await dialog("Add a token", [nameField(), await groupField([], signal), days], "Add", async (form) => {
    const body = {
      name: fieldValue(form, "name"),
      groups: fieldValues(form, "groups"),
      days: Number(fieldValue(form, "days")),
    };
    created.push(await call("POST", "/tokens", { body }));
  });
  for (const token of created) await showToken(token);
}

/**
 * Shows a token, whose text the API returns only once: the dialog closes only by its own button.
 * @param {{name: string, token: string}} created
 */
const showToken = ({ name, token }) =>
  openDialog(
    `The token ${name}`,
    (close) => [
      h("p", {}, "Copy the token now: it is not shown again. Programs send it as Authorization: Bearer …"),
      h("output", { class: "secret", tabindex: "0", "aria-label": "The token" }, token),
      h(
        "div",
        { class: "buttons" },
        button("Copy", async (pressed) => {
          const text = await navigator.clipboard.writeText(token).then(
            () => "Copied",
            () => "Copying failed: select the token and copy it yourself",
          );
          pressed.textContent = text;
          announce(text);
        }),
        button("Done", () => close(), { class: "main" }),
      ),
    ],
    { persistent: true },
  );
