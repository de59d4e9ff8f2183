// Access: users, groups and tokens.

import { call } from "./api.js";
import { announce, button, confirmed, during, h, link, time } from "./dom.js";
import { choices, dialogOf, field, valueOf, valuesOf } from "./forms.js";
import { listOf } from "./lists.js";

const PERMISSIONS = ["members:read", "members:write", "imports:read", "imports:write", "access:admin"];
const KINDS = [["users", "Users"], ["groups", "Groups"], ["tokens", "Tokens"]];

export function list(main, context) {
  const [kind] = context.parts;
  const { title, add, columns, one, empty, about } = VIEWS[kind](() => list(main, context));
  const place = h("div");
  const tools = (entry, ...more) => h("td", { class: "tools" }, more, button("Delete", (event) => remove(event.target, place, kind, one, entry, () => list(main, context)),
    { class: "danger", "aria-label": `Delete ${entry.name}` }));
  main.replaceChildren(
    h("h1", {}, "Access"),
    h("nav", { class: "tabs", "aria-label": "Access" },
      KINDS.map(([key, text]) => link(text, `#/access/${key}`, { "aria-current": key === kind ? "page" : null }))),
    h("div", { class: "title" }, h("h2", {}, title), button(`Add a ${one}`, add, { class: "main" })),
    h("p", { class: "quiet" }, about),
    place,
    listOf({ path: `/${kind}`, caption: title, one, signal: context.signal, empty, columns: columns(tools) }));
}

async function remove(pressed, place, kind, one, entry, again) {
  const verb = kind === "tokens" ? "Revoke" : "Delete";
  if (!(await confirmed(`${verb} ${entry.name}?`, `The ${one} ${entry.name} is gone at once, and cannot be brought back.`, verb))) return;
  await during(pressed, place, async () => {
    await call("DELETE", `/${kind}/${encodeURIComponent(entry.name)}`, { match: kind === "tokens" ? undefined : entry.version });
    announce(`${entry.name} is gone.`);
    again();
  });
}

async function groupChoices(values) {
  const groups = (await call("GET", "/groups?limit=500")).items;
  return choices({ name: "groups", label: "Groups", options: groups.map(({ name }) => [name, name]), values });
}

const names = (list) => (Array.isArray(list) ? list.join(", ") : list === "*" ? "every account" : "");
const edit = (text, onclick, entry) => button(text, onclick, { "aria-label": `${text} ${entry.name}` });
const handle = (value = "") => field({ name: "name", label: "Name", value, required: true, hint: "Small letters, digits, and . _ @ + -" });
const password = (label, hint) => field({ name: "password", label, type: "password", autocomplete: "new-password", hint });

const VIEWS = {
  users: (again) => ({
    title: "Users", one: "user", empty: "There are no users.",
    about: "People with a name and a password. What they may do, their groups say.",
    add: async () => {
      const fields = [handle(), password("Password", "12 characters or more."), await groupChoices([])];
      const done = await dialogOf("Add a user", fields, "Add", (form) =>
        call("POST", "/users", { body: { name: valueOf(form, "name"), password: valueOf(form, "password"), groups: valuesOf(form, "groups") } }));
      if (done) again();
    },
    columns: (tools) => [
      ["Name", (user) => user.name],
      ["Groups", (user) => names(user.groups)],
      ["Active", (user) => (user.active ? "yes" : "no")],
      ["Last login", (user) => time(user.last_login) || "never"],
      ["", (user) => tools(user, edit("Edit", () => editUser(user, again), user))],
    ],
  }),
  groups: (again) => ({
    title: "Groups", one: "group", empty: "There are no groups.",
    about: "What a group grants, each of its users and tokens has.",
    add: async () => { if (await groupDialog("Add a group", {}, "Add", (body) => call("POST", "/groups", { body }))) again(); },
    columns: (tools) => [
      ["Name", (group) => group.name],
      ["Permissions", (group) => names(group.permissions)],
      ["Accounts", (group) => names(group.accounts)],
      ["", (group) => tools(group, edit("Edit", async () => {
        const done = await groupDialog(`Edit ${group.name}`, group, "Save", ({ permissions, accounts }) =>
          call("PATCH", `/groups/${encodeURIComponent(group.name)}`, { body: { permissions, accounts }, match: group.version }));
        if (done) again();
      }, group))],
    ],
  }),
  tokens: (again) => ({
    title: "Tokens", one: "token", empty: "There are no tokens.",
    about: "What machines send in place of a name and a password.",
    add: async () => {
      const days = field({ name: "days", label: "Days until it ends", type: "number", value: "365", min: "1", max: "3650" });
      let made = null;
      const done = await dialogOf("Add a token", [handle(), await groupChoices([]), days], "Add", async (form) => {
        const body = { name: valueOf(form, "name"), groups: valuesOf(form, "groups"), days: Number(valueOf(form, "days")) };
        made = await call("POST", "/tokens", { body });
      });
      if (done) await showToken(made);
      if (done) again();
    },
    columns: (tools) => [
      ["Name", (token) => token.name],
      ["Groups", (token) => names(token.groups)],
      ["Made by", (token) => token.created_by ?? "the command line"],
      ["Ends", (token) => time(token.expires_at)],
      ["Last used", (token) => time(token.last_used) || "never"],
      ["", (token) => tools(token)],
    ],
  }),
};

async function editUser(user, again) {
  const active = choices({ name: "active", label: "State", options: [["yes", "Active: may sign in"]], values: user.active ? ["yes"] : [] });
  const fields = [await groupChoices(user.groups), active, password("New password", "Leave it empty to keep the old one.")];
  const done = await dialogOf(`Edit ${user.name}`, fields, "Save", (form) => {
    const body = { groups: valuesOf(form, "groups"), active: valuesOf(form, "active").includes("yes") };
    if (valueOf(form, "password")) body.password = valueOf(form, "password");
    return call("PATCH", `/users/${encodeURIComponent(user.name)}`, { body, match: user.version });
  });
  if (done) again();
}

function groupDialog(title, group, action, send) {
  const accounts = Array.isArray(group.accounts) ? group.accounts.join(", ") : group.accounts ?? "";
  const fields = [
    group.name ? null : handle(),
    choices({ name: "permissions", label: "Permissions", options: PERMISSIONS.map((one) => [one, one]), values: group.permissions ?? [] }),
    field({ name: "accounts", label: "Accounts", value: accounts, hint: "Ids with commas between them, or * for every account." }),
  ].filter(Boolean);
  return dialogOf(title, fields, action, (form) => {
    const text = valueOf(form, "accounts").trim();
    const ids = text === "*" ? "*" : text.split(",").map((id) => id.trim()).filter(Boolean);
    return send({ name: form.elements.name?.value, permissions: valuesOf(form, "permissions"), accounts: ids });
  });
}

function showToken(made) {
  return new Promise((closed) => {
    const text = h("output", { class: "secret", tabindex: "0", "aria-label": "The token" }, made.token);
    const dialog = h("dialog", { "aria-labelledby": "token-title" },
      h("h2", { id: "token-title" }, `The token ${made.name}`),
      h("p", {}, "Copy it now: it is not shown again. Send it as Authorization: Bearer …"),
      text,
      h("div", { class: "buttons" },
        button("Copy", async () => { await navigator.clipboard.writeText(made.token); announce("Copied."); }),
        button("Done", () => dialog.close(), { class: "main" })));
    dialog.addEventListener("close", () => { dialog.remove(); closed(); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
