// Members: find one among millions, look through an account, add, change, remove.

import { call, query } from "./api.js";
import { announce, button, confirmed, during, h, link, nothing, time } from "./dom.js";
import { field, formOf, submitButton, valueOf } from "./forms.js";
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
const LAST_ACCOUNT = "rollcall.account";
const hrefOf = (member) => `#/members/${member.id}`;
const nameOf = (member) => `${member.first_name} ${member.last_name}`;

/** A field to choose or type an account: those that the caller may see are offered. */
export function accountField(me, permission, value, more = {}) {
  const known = me.grants[permission];
  const offered = Array.isArray(known) ? known : [];
  const place = field({ name: "account_id", label: "Account", value, list: "accounts-known", ...more });
  place.append(h("datalist", { id: "accounts-known" }, offered.map((account) => h("option", { value: account }))));
  return place;
}

// ---- The list

export function list(main, { me, may, signal, query: given }) {
  const known = me.grants["members:read"];
  const only = Array.isArray(known) && known.length === 1 ? known[0] : "";
  const by = given.get("by") ?? "last_name";
  const account = given.get("account") ?? sessionStorage.getItem(LAST_ACCOUNT) ?? only;
  const sought = given.get("q") ?? "";
  const form = h("form", { class: "search", role: "search" },
    accountField(me, "members:read", account, { size: 12 }),
    field({ name: "by", label: "Find by", options: WAYS, value: by }),
    field({ name: "q", label: "Search for", value: sought, type: "search", size: 24 }),
    h("button", { type: "submit", class: "main" }, "Find"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(LAST_ACCOUNT, valueOf(form, "account_id").trim());
    const values = { account: valueOf(form, "account_id").trim(), by: valueOf(form, "by"), q: valueOf(form, "q").trim() };
    const next = `#/members?${new URLSearchParams(values)}`;
    if (location.hash === next) dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = next;
  });
  main.replaceChildren(
    h("div", { class: "title" }, h("h1", {}, "Members"), may("members:write") ? link("Add a member", "#/members/new", { class: "button" }) : null),
    form,
    sought && by === "last_name" && !account
      ? nothing("Names are searched within an account: choose one.")
      : listOf({
        path: "/members",
        filters: { account_id: by === "id" && sought ? "" : account, ...(sought ? { [by]: sought } : {}) },
        caption: account ? `Members of account ${account}` : "Members",
        one: "member",
        signal,
        columns: [
          ["Last name", (m) => link(m.last_name, hrefOf(m))],
          ["First name", (m) => m.first_name],
          ["Phone number", (m) => h("span", { class: "figures" }, m.phone_number)],
          ["Client member id", (m) => m.client_member_id],
          ["Account", (m) => m.account_id],
          ["Changed", (m) => time(m.last_modified)],
        ],
        empty: () => nothing(sought ? "Nobody matches." : account ? `Account ${account} has no members yet.` : "There are no members yet.",
          may("imports:write") ? h("p", {}, link("Import a roster", "#/imports")) : null),
      }));
}

// ---- One member

export function create(main, { me, query: given }) {
  const value = (name) => given.get(name) ?? (name === "account_id" ? sessionStorage.getItem(LAST_ACCOUNT) ?? "" : "");
  const form = formOf(inputs(me, value), [submitButton("Add"), link("Cancel", "#/members", { class: "button" })], async (sent) => {
    const member = await call("POST", "/members", { body: valuesIn(sent) });
    announce(`${nameOf(member)} is added.`);
    location.hash = hrefOf(member);
  });
  main.replaceChildren(h("h1", {}, "Add a member"), form);
}

const inputs = (me, value, more = {}) => FIELDS.map(([name, label]) =>
  name === "account_id"
    ? accountField(me, "members:write", value(name), { required: true, ...more })
    : field({ name, label, value: value(name), required: true, ...(name === "phone_number" ? { type: "tel" } : {}), ...more }));

const valuesIn = (form) => Object.fromEntries(FIELDS.map(([name]) => [name, valueOf(form, name)]));

export async function show(main, context) {
  const member = await call("GET", `/members/${context.parts[0]}`, { signal: context.signal });
  draw(main, context, member);
}

function draw(main, context, member, said = "") {
  const { me, may } = context;
  const place = h("div");
  const facts = h("dl", { class: "facts" },
    fact("Added", time(member.created_at), member.created_by),
    fact("Changed", time(member.last_modified), member.modified_by),
    fact("Version", String(member.version)), fact("Id", member.id));
  const body = may("members:write")
    ? formOf(inputs(me, (name) => member[name]), [submitButton("Save"), button("Delete", (event) => remove(event.target, place, member), { class: "danger" })],
      (form) => save(main, context, member, form))
    : h("dl", { class: "facts" }, FIELDS.map(([name, label]) => fact(label, member[name])));
  main.replaceChildren(
    h("p", {}, link("All members", `#/members?${new URLSearchParams({ account: member.account_id, by: "last_name", q: "" })}`)),
    h("h1", {}, nameOf(member)), h("p", { class: "saved", role: "status" }, said), body, place, facts);
}

const fact = (term, ...values) => [h("dt", {}, term), h("dd", {}, values.filter((value) => value).flatMap((value, i) => (i ? [", ", value] : [value])))];

async function save(main, context, member, form) {
  const sent = valuesIn(form);
  const changes = Object.fromEntries(Object.entries(sent).filter(([name, value]) => value !== member[name]));
  if (!Object.keys(changes).length) return;
  try {
    const changed = await call("PATCH", `/members/${member.id}`, { body: changes, match: member.version });
    if (changed.id !== member.id) history.replaceState(null, "", hrefOf(changed));
    draw(main, context, changed, "Saved.");
    announce("Saved.");
  } catch (error) {
    if (error.status !== 412) throw error;
    await compare(main, context, member, sent);
  }
}

/** Somebody was faster: both versions side by side, and the choice between them. */
async function compare(main, context, member, mine) {
  const now = await call("GET", `/members/${member.id}`, { signal: context.signal });
  const place = h("div");
  const differs = FIELDS.filter(([name]) => mine[name] !== now[name] || now[name] !== member[name]);
  const keep = button("Save mine over it", () => during(keep, place, async () => {
    const changes = Object.fromEntries(differs.filter(([name]) => mine[name] !== member[name]).map(([name]) => [name, mine[name]]));
    const changed = await call("PATCH", `/members/${now.id}`, { body: changes, match: now.version });
    if (changed.id !== now.id) history.replaceState(null, "", hrefOf(changed));
    draw(main, context, changed, "Saved.");
  }), { class: "main" });
  main.replaceChildren(
    h("h1", {}, `${nameOf(now)} was changed meanwhile`),
    h("p", {}, "By ", now.modified_by ?? "somebody", ", ", time(now.last_modified), ". Nothing of yours is saved yet."),
    h("table", {},
      h("caption", { class: "quiet" }, "Where they differ"),
      h("thead", {}, h("tr", {}, ["", "When you opened it", "Yours", "Stored now"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, differs.map(([name, label]) => h("tr", {},
        h("th", { scope: "row" }, label), h("td", {}, member[name]),
        h("td", { class: mine[name] !== member[name] ? "changed" : null }, mine[name]),
        h("td", { class: now[name] !== member[name] ? "changed" : null }, now[name]))))),
    place,
    h("div", { class: "buttons" }, keep, button("Take what is stored", () => draw(main, context, now))));
  announce("Somebody else has changed this member. Choose which version is to stay.");
  main.querySelector("h1").tabIndex = -1;
  main.querySelector("h1").focus();
}

async function remove(pressed, place, member) {
  if (!(await confirmed(`Delete ${nameOf(member)}?`, "Its phone number and client member id are free at once. This cannot be undone.", "Delete"))) return;
  await during(pressed, place, async () => {
    await call("DELETE", `/members/${member.id}`, { match: member.version });
    announce(`${nameOf(member)} is deleted.`);
    location.hash = `#/members${query({ account: member.account_id, by: "last_name" })}`;
  });
}
