// Access: users, groups and tokens.

import { call } from "./api.js";
import { confirmed, formDialog, opened } from "./dialogs.js";
import { announce, button, during, h, link, redraw, time } from "./dom.js";
import { choices, field, fieldValue, fieldValues } from "./forms.js";
import { listOf } from "./lists.js";

const PERMISSIONS = ["members:read", "members:write", "imports:read", "imports:write", "access:admin"];
const KINDS = [
  ["users", "Users"],
  ["groups", "Groups"],
  ["tokens", "Tokens"],
];

export function list(place, context) {
  const [kind] = context.parts;
  const told = h("div");
  const { title, add, columns, one, empty, about } = VIEWS[kind](context.signal);
  /** Runs what a button begins; whatever came of it, the list is read anew: somebody else may have changed it too. */
  const from = (task) => (event) =>
    during(event.target, told, async () => {
      try {
        await plainly(task);
      } finally {
        rows.again();
      }
    });
  const tools = (entry, edit) => {
    const verb = kind === "tokens" ? "Revoke" : "Delete";
    return h(
      "td",
      { class: "tools" },
      edit ? button("Edit", from(edit), { "aria-label": `Edit ${entry.name}` }) : null,
      button(
        verb,
        from(() => remove(kind, one, entry, verb)),
        { class: "danger", "aria-label": `${verb} ${entry.name}` },
      ),
    );
  };
  const rows = listOf({
    path: `/${kind}`,
    caption: title,
    one,
    signal: context.signal,
    empty,
    columns: columns(tools),
  });
  redraw(
    place,
    h("div", { class: "title" }, h("h1", {}, title), button(`Add a ${one}`, from(add), { class: "main" })),
    h(
      "nav",
      { class: "tabs", "aria-label": "Access" },
      KINDS.map(([key, text]) => link(text, `#/access/${key}`, { "aria-current": key === kind ? "page" : null })),
    ),
    h("p", { class: "quiet" }, about),
    told,
    rows,
  );
}

/** Runs a task, and says in words what a version that is not the newest any more means. */
async function plainly(task) {
  try {
    return await task();
  } catch (error) {
    if (error.status === 412)
      error.message =
        "Somebody changed it meanwhile, so nothing is saved. Begin again from the list, which then shows what is stored.";
    throw error;
  }
}

async function remove(kind, one, entry, verb) {
  if (
    !(await confirmed(
      `${verb} ${entry.name}?`,
      `The ${one} ${entry.name} is gone at once, and cannot be brought back.`,
      verb,
    ))
  )
    return;
  await call("DELETE", `/${kind}/${encodeURIComponent(entry.name)}`, {
    match: kind === "tokens" ? undefined : entry,
  });
  announce(`${entry.name} is gone.`);
}

async function groupChoices(values, signal) {
  const groups = (await call("GET", "/groups?limit=500", { signal })).items;
  return choices({ name: "groups", label: "Groups", options: groups.map(({ name }) => [name, name]), values });
}

const dialog = (title, fields, action, submit) =>
  formDialog(title, fields, action, (form) => plainly(() => submit(form)));
const names = (list) => (Array.isArray(list) ? list.join(", ") : list === "*" ? "every account" : "");
const handle = (value = "") =>
  field({ name: "name", label: "Name", value, required: true, hint: "Small letters, digits, and . _ @ + -" });
const password = (label, hint) =>
  field({ name: "password", label, type: "password", autocomplete: "new-password", hint });

const VIEWS = {
  users: (signal) => ({
    title: "Users",
    one: "user",
    empty: "There are no users.",
    about: "People with a name and a password. What they may do, their groups say.",
    add: async () =>
      dialog(
        "Add a user",
        [handle(), password("Password", "12 characters or more."), await groupChoices([], signal)],
        "Add",
        (form) =>
          call("POST", "/users", {
            body: {
              name: fieldValue(form, "name"),
              password: fieldValue(form, "password"),
              groups: fieldValues(form, "groups"),
            },
          }),
      ),
    columns: (tools) => [
      ["Name", (user) => user.name],
      ["Groups", (user) => names(user.groups)],
      ["Active", (user) => (user.active ? "yes" : "no")],
      ["Last login", (user) => time(user.last_login) || "never"],
      ["", (user) => tools(user, () => editUser(user, signal))],
    ],
  }),
  groups: () => ({
    title: "Groups",
    one: "group",
    empty: "There are no groups.",
    about: "What a group grants, each of its users and tokens has.",
    add: () => groupDialog("Add a group", {}, "Add", (body) => call("POST", "/groups", { body })),
    columns: (tools) => [
      ["Name", (group) => group.name],
      ["Permissions", (group) => names(group.permissions)],
      ["Accounts", (group) => names(group.accounts)],
      [
        "",
        (group) =>
          tools(group, () =>
            groupDialog(`Edit ${group.name}`, group, "Save", ({ permissions, accounts }) =>
              call("PATCH", `/groups/${encodeURIComponent(group.name)}`, {
                body: { permissions, accounts },
                match: group,
              }),
            ),
          ),
      ],
    ],
  }),
  tokens: (signal) => ({
    title: "Tokens",
    one: "token",
    empty: "There are no tokens.",
    about: "What machines send in place of a name and a password.",
    add: async () => {
      const days = field({
        name: "days",
        label: "Days until it ends",
        type: "number",
        value: "365",
        min: "1",
        max: "3650",
      });
      let made = null;
      await dialog("Add a token", [handle(), await groupChoices([], signal), days], "Add", async (form) => {
        const body = {
          name: fieldValue(form, "name"),
          groups: fieldValues(form, "groups"),
          days: Number(fieldValue(form, "days")),
        };
        made = await call("POST", "/tokens", { body });
      });
      if (made) await showToken(made);
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

async function editUser(user, signal) {
  const active = choices({
    name: "active",
    label: "State",
    options: [["yes", "Active: may sign in"]],
    values: user.active ? ["yes"] : [],
  });
  const fields = [
    await groupChoices(user.groups, signal),
    active,
    password("New password", "Leave it empty to keep the old one."),
  ];
  return dialog(`Edit ${user.name}`, fields, "Save", (form) => {
    const body = { groups: fieldValues(form, "groups"), active: fieldValues(form, "active").includes("yes") };
    if (fieldValue(form, "password")) body.password = fieldValue(form, "password");
    return call("PATCH", `/users/${encodeURIComponent(user.name)}`, { body, match: user });
  });
}

function groupDialog(title, group, action, send) {
  const accounts = Array.isArray(group.accounts) ? group.accounts.join(", ") : (group.accounts ?? "");
  const fields = [
    group.name ? null : handle(),
    choices({
      name: "permissions",
      label: "Permissions",
      options: PERMISSIONS.map((one) => [one, one]),
      values: group.permissions ?? [],
    }),
    field({
      name: "accounts",
      label: "Accounts",
      value: accounts,
      hint: "Ids with commas between them, or * for every account.",
    }),
  ].filter(Boolean);
  return dialog(title, fields, action, (form) => {
    const text = fieldValue(form, "accounts").trim();
    const ids =
      text === "*"
        ? "*"
        : text
            .split(",")
            .map((id) => id.trim())
            .filter(Boolean);
    return send({ name: form.elements.name?.value, permissions: fieldValues(form, "permissions"), accounts: ids });
  });
}

/** Shows a token, this once: only its own button closes the dialog. */
const showToken = (made) =>
  opened(
    `The token ${made.name}`,
    (close) => [
      h("p", {}, "Copy it now: it is not shown again. Send it as Authorization: Bearer …"),
      h("output", { class: "secret", tabindex: "0", "aria-label": "The token" }, made.token),
      h(
        "div",
        { class: "buttons" },
        button("Copy", async ({ target }) => {
          const text = await navigator.clipboard.writeText(made.token).then(
            () => "Copied",
            () => "It could not be copied: select it, and copy it yourself",
          );
          target.textContent = text;
          announce(text);
        }),
        button("Done", () => close(), { class: "main" }),
      ),
    ],
    { firm: true },
  );
