// Members: find one among millions, look through an account, add, change, remove.

import { accountField, used, usual } from "./accounts.js";
import { call, query } from "./api.js";
import { compare } from "./compare.js";
import { confirmed } from "./dialogs.js";
import { announce, button, during, h, link, nothing, redraw, time } from "./dom.js";
import { clearErrors, field, fieldValue, formOf, showProblem, submitButton } from "./forms.js";
import { listOf } from "./lists.js";

const FIELDS = [
  ["first_name", "First name"],
  ["last_name", "Last name"],
  ["phone_number", "Phone number"],
  ["client_member_id", "Client member id"],
  ["account_id", "Account"],
];
const WAYS = [
  ["last_name", "Last name starts with"],
  ["phone_number", "Phone number"],
  ["client_member_id", "Client member id"],
  ["id", "Member id"],
];
const hrefOf = (member) => `#/members/${member.id}`;
const nameOf = (member) => `${member.first_name} ${member.last_name}`;

// A list that is kept for Back shows what became of its members meanwhile: {id, member}, null for one that is gone.
const changes = new EventTarget();
const tell = (id, member) => changes.dispatchEvent(new CustomEvent("change", { detail: { id, member } }));

// ---- The list

export function list(place, { me, may, signal, query: given }) {
  const by = given.get("by") ?? "last_name";
  const account = given.get("account") ?? usual(me, "members:read");
  const sought = given.get("q") ?? "";
  const form = h(
    "form",
    { class: "search", role: "search" },
    accountField(me, "members:read", account, { size: 12 }),
    field({ name: "by", label: "Find by", options: WAYS, value: by }),
    field({ name: "q", label: "Search for", value: sought, type: "search", size: 24, "data-first": true }),
    h("button", { type: "submit", class: "main" }, "Find"),
    h("div", { class: "form-error" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    used(fieldValue(form, "account_id").trim());
    const values = {
      account: fieldValue(form, "account_id").trim(),
      by: fieldValue(form, "by"),
      q: fieldValue(form, "q").trim(),
    };
    const next = `#/members?${new URLSearchParams(values)}`;
    if (location.hash === next) dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = next;
  });
  const links = new Map();
  const linked = (m) => {
    links.set(m.id, link(m.last_name, hrefOf(m)));
    return links.get(m.id);
  };
  const columns = [
    ["Last name", linked],
    ["First name", (m) => m.first_name],
    ["Phone number", (m) => m.phone_number, "figures"],
    ["Client member id", (m) => m.client_member_id],
    ["Account", (m) => m.account_id],
    ["Changed", (m) => time(m.last_modified)],
  ];
  changes.addEventListener(
    "change",
    ({ detail: { id, member } }) => {
      const its = links.get(id),
        row = its?.closest("tr");
      if (!member) row?.remove();
      if (!member || !row) return;
      its.textContent = member.last_name; // the link stays: Back gives it the focus again
      its.href = hrefOf(member);
      links.set(member.id, its);
      for (const [i, [, cell]] of columns.entries()) if (i) row.cells[i].replaceChildren(cell(member));
    },
    { signal },
  );
  redraw(
    place,
    h(
      "div",
      { class: "title" },
      h("h1", {}, "Members"),
      may("members:write") ? link("Add a member", "#/members/new", { class: "button" }) : null,
    ),
    form,
    sought && by === "last_name" && !account
      ? nothing("Names are searched within an account: choose one.")
      : listOf({
          path: "/members",
          filters: { account_id: by === "id" && sought ? "" : account, ...(sought ? { [by]: sought } : {}) },
          caption: account ? `Members of account ${account}` : "Members",
          one: "member",
          signal,
          columns,
          empty: () =>
            nothing(
              sought
                ? "Nobody matches."
                : account
                  ? `Account ${account} has no members yet.`
                  : "There are no members yet.",
              may("imports:write") && may("imports:read") ? h("p", {}, link("Import a roster", "#/imports")) : null,
            ),
          refused: (problem) => {
            clearErrors(form);
            showProblem(form, problem, (name) => (name === "account_id" ? name : "q"));
            return true;
          },
        }),
  );
}

// ---- One member

export function create(place, context, added = "") {
  const value = (name) => context.query.get(name) ?? (name === "account_id" ? usual(context.me, "members:write") : "");
  const form = formOf(
    inputs(context.me, value),
    [submitButton("Add"), context.may("members:read") ? link("Cancel", "#/members", { class: "button" }) : null],
    async (sent) => {
      const member = await call("POST", "/members", { body: valuesIn(sent) });
      used(member.account_id);
      const text = `${nameOf(member)} is added.`;
      announce(text);
      if (context.may("members:read", member.account_id)) context.leaveFor(hrefOf(member));
      else create(place, context, text);
    },
  );
  redraw(place, h("h1", {}, "Add a member"), h("p", { class: "saved" }, added), form);
}

const inputs = (me, value) =>
  FIELDS.map(([name, label]) =>
    name === "account_id"
      ? accountField(me, "members:write", value(name), { required: true })
      : field({ name, label, value: value(name), required: true, ...(name === "phone_number" ? { type: "tel" } : {}) }),
  );

const valuesIn = (form) => Object.fromEntries(FIELDS.map(([name]) => [name, fieldValue(form, name)]));

/** What differs from a member, of the values that are to be stored in it. */
const changesOf = (member, values) =>
  Object.fromEntries(FIELDS.map(([name]) => [name, values[name]]).filter(([name, value]) => value !== member[name]));

export async function show(place, context) {
  draw(place, context, await call("GET", `/members/${context.parts[0]}`, { signal: context.signal }));
}

/** Draws a member, and its form: with its own values, or with others that somebody has typed. The form, null for readers. */
function draw(place, context, member, values = member, said = "") {
  const told = h("div"),
    saved = h("p", { class: "saved" }, said);
  const writes = context.may("members:write", member.account_id);
  const body = writes
    ? formOf(
        inputs(context.me, (name) => values[name]),
        [
          submitButton("Save"),
          button("Delete", (event) => remove(event.target, place, told, context, member), { class: "danger" }),
        ],
        async (form) => {
          const sent = valuesIn(form);
          saved.textContent = "";
          if (Object.keys(changesOf(member, sent)).length) await save(place, context, member, member, sent);
          else {
            saved.textContent = "Nothing is changed, so nothing is saved.";
            announce(saved.textContent);
          }
        },
      )
    : h(
        "dl",
        { class: "facts" },
        FIELDS.map(([name, label]) => fact(label, member[name])),
      );
  redraw(
    place,
    h(
      "p",
      {},
      link("All members", `#/members?${new URLSearchParams({ account: member.account_id, by: "last_name", q: "" })}`),
    ),
    h("h1", {}, nameOf(member)),
    saved,
    body,
    told,
    h(
      "dl",
      { class: "facts" },
      fact("Added", time(member.created_at), writer(context, member.created_by)),
      fact("Changed", time(member.last_modified), writer(context, member.modified_by)),
      fact("Version", String(member.version)),
      fact("Id", member.id),
    ),
  );
  return writes ? body : null;
}

/** Who wrote a member; an import can be looked at. */
const writer = (context, by) =>
  by?.startsWith("import:") && context.may("imports:read") ? link(by, `#/imports/${by.slice(7)}`) : by;

const fact = (term, ...values) => [
  h("dt", {}, term),
  h(
    "dd",
    {},
    values.filter((value) => value).flatMap((value, i) => (i ? [", ", value] : [value])),
  ),
];

/**
 * Saves what somebody changed, from `before` on, over `stored`. Where that is not the newest any more, both versions are
 * shown; where a value is refused, it stands in the form again with the reason.
 */
async function save(place, context, before, stored, mine) {
  const changes = changesOf(before, mine);
  try {
    const changed = await call("PATCH", `/members/${stored.id}`, { body: changes, match: stored });
    tell(stored.id, changed);
    if (changed.id !== stored.id) context.movedTo(hrefOf(changed));
    draw(place, context, changed, changed, "Saved.");
    announce("Saved.");
  } catch (error) {
    if (error.status === 412) return choose(place, context, before, mine);
    if (before === stored) throw error; // the form is still there, and shows it
    showProblem(draw(place, context, stored, { ...stored, ...changes }), error);
  }
}

/** Somebody was faster: shows both versions, for a choice. */
async function choose(place, context, before, mine) {
  const stored = await call("GET", `/members/${before.id}`, { signal: context.signal });
  compare(place, {
    title: `${nameOf(stored)} was changed meanwhile`,
    fields: FIELDS,
    before,
    mine,
    stored,
    keep: () => save(place, context, before, stored, mine),
    take: async () => draw(place, context, await call("GET", `/members/${before.id}`, { signal: context.signal })),
  });
}

async function remove(pressed, place, told, context, member) {
  if (
    !(await confirmed(
      `Delete ${nameOf(member)}?`,
      "Its phone number and client member id are free at once. This cannot be undone.",
      "Delete",
    ))
  )
    return;
  await during(pressed, told, async () => {
    try {
      await call("DELETE", `/members/${member.id}`, { match: member });
    } catch (error) {
      if (error.status !== 412) throw error;
      const stored = await call("GET", `/members/${member.id}`, { signal: context.signal });
      const said = "Somebody changed this member meanwhile, so it is not deleted. This is what is stored now.";
      draw(place, context, stored, stored, said);
      return announce(said);
    }
    tell(member.id, null);
    announce(`${nameOf(member)} is deleted.`);
    context.leaveFor(`#/members${query({ account: member.account_id, by: "last_name" })}`);
  });
}
