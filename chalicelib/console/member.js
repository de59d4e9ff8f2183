// One member: add, show, change, delete.

import { accountField, defaultAccount, rememberAccount } from "./accounts.js";
import { call, query } from "./api.js";
import { author } from "./authors.js";
import { compare } from "./compare.js";
import { confirmed } from "./dialogs.js";
import { announce, button, copyButton, h, link, redraw, time, whileBusy } from "./dom.js";
import { createForm, field, fieldValue, showProblem, submitButton } from "./forms.js";
import { historyOf, LABELS, readableValue, showMissing } from "./history.js";
import { removeToast, toast } from "./toasts.js";

/** @import { Child, Context, Me, Member, MemberField, MemberValues } from "./types" */

export const FIELDS = /** @type {[MemberField, string][]} */ (Object.entries(LABELS));
/** @param {Member} member */
export const addressOf = (member) => `#/members/${member.id}`;
/** @param {Member} member */
const fullName = (member) => `${member.first_name} ${member.last_name}`;

// Lists that are kept for Back show changes to their members: {id, member}, with null for a deleted member.
export const memberChanges = new EventTarget();
/** @type {(id: string, member: Member | null) => void} */
const publishChange = (id, member) => {
  memberChanges.dispatchEvent(new CustomEvent("change", { detail: { id, member } }));
};

/** @type {(place: HTMLElement, context: Context, added?: string) => void} */
export function create(place, context, added = "") {
  /** @param {MemberField} name */
  const value = (name) =>
    context.query.get(name) ?? (name === "account_id" ? defaultAccount(context.me, "members:write") : "");
  const form = createForm(
    inputs(context.me, value),
    [submitButton("Add"), context.may("members:read") ? link("Cancel", "#/members", { class: "button" }) : null],
    async (form) => {
      /** @type {Member} */
      const member = await call("POST", "/members", { body: formValues(form) });
      rememberAccount(member.account_id);
      const text = `${fullName(member)} was added.`;
      if (context.may("members:read", member.account_id)) context.navigateAway(addressOf(member));
      else create(place, context, text);
      toast(text);
    },
  );
  redraw(place, h("h1", {}, "Add a member"), h("p", { class: "saved" }, added), form);
}

/** @type {(me: Me, value: (name: MemberField) => string) => HTMLElement[]} */
const inputs = (me, value) =>
  FIELDS.map(([name, label]) =>
    name === "account_id"
      ? accountField(me, "members:write", value(name), { required: true })
      : field({ name, label, value: value(name), required: true, ...(name === "phone_number" ? { type: "tel" } : {}) }),
  );

/** @type {(form: HTMLFormElement) => MemberValues} */
const formValues = (form) =>
  /** @type {MemberValues} */ (Object.fromEntries(FIELDS.map(([name]) => [name, fieldValue(form, name)])));

/**
 * The values that differ from the member's.
 * @type {(member: MemberValues, values: MemberValues) => Partial<MemberValues>}
 */
const changesOf = (member, values) =>
  Object.fromEntries(FIELDS.filter(([name]) => values[name] !== member[name]).map(([name]) => [name, values[name]]));

/** @type {(place: HTMLElement, context: Context) => Promise<void>} */
export async function show(place, context) {
  await load(place, context);
  // While the view is kept for Back, the member may be deleted in another one.
  memberChanges.addEventListener(
    "change",
    (event) => {
      const { id, member } = /** @type {CustomEvent} */ (event).detail;
      if (id === context.parts[0] && !member && !place.isConnected) load(place, context).catch(() => null);
    },
    { signal: context.signal },
  );
}

/** @type {(place: HTMLElement, context: Context) => Promise<void>} */
async function load(place, context) {
  const [id] = context.parts;
  try {
    draw(place, context, await call("GET", `/members/${id}`, { signal: context.signal }));
  } catch (error) {
    if (error.status !== 404) throw error;
    showMissing(place, context, id, error, (member) => {
      removeToast(); // that of the deletion
      draw(place, context, member, member, "Restored.");
    });
  }
}

/**
 * Draws a member: for writers as a form, with the member's values or others that the user has typed. Returns the form,
 * null for readers.
 * @param {HTMLElement} place
 * @param {Context} context
 * @param {Member} member
 * @param {MemberValues} [values]
 */
function draw(place, context, member, values = member, message = "") {
  const messages = h("div");
  const saved = h("p", { class: "saved" }, message);
  const idNotice = h("p", { class: "hint", role: "status" });
  const form = context.may("members:write", member.account_id)
    ? createForm([inputs(context.me, (name) => values[name]), idNotice], submitButton("Save"), async (form) => {
        const mine = formValues(form);
        saved.textContent = "";
        if (Object.keys(changesOf(member, mine)).length) await save(place, context, member, member, mine);
        else {
          saved.textContent = "There are no changes to save.";
          announce(saved.textContent);
        }
      })
    : null;
  form?.addEventListener("input", () => showNewId(form, member, idNotice));
  if (form) showNewId(form, member, idNotice);
  const deletion = h(
    "section",
    { class: "apart" },
    button("Delete", (pressed) => remove(pressed, place, messages, context, member), { class: "danger" }),
    messages,
  );
  redraw(
    place,
    h("p", {}, link(`Members of account ${member.account_id}`, `#/members${query({ account: member.account_id })}`)),
    h("h1", {}, fullName(member)),
    saved,
    h(
      "div",
      { class: "member" },
      h(
        "div",
        {},
        form ? [form, deletion] : facts(FIELDS.map(([name, label]) => [label, readableValue(name, member[name])])),
      ),
      h("div", {}, past(context, member)),
    ),
  );
  return form;
}

/**
 * Says before saving that the member gets another id.
 * @type {(form: HTMLFormElement, member: Member, notice: HTMLElement) => void}
 */
function showNewId(form, member, notice) {
  const ids = /** @type {const} */ (["account_id", "client_member_id"]);
  const changes = ids.some((name) => fieldValue(form, name).trim() !== member[name]);
  const text = changes
    ? "Saving gives this member a new id, which is made of the account and the client member id. The old id then leads to the new one."
    : "";
  if (notice.textContent !== text) notice.textContent = text;
}

/**
 * Who added and changed a member, its id, and its changes. These know the lines of the files that it came from.
 * @type {(context: Context, member: Member) => Child}
 */
function past(context, member) {
  const added = h("span", {}, author(context, member.created_by));
  const changed = h("span", {}, author(context, member.modified_by));
  const history = historyOf(member.id, context, (event) => {
    if (!event.import) return;
    const text = () => author(context, event.by, event.import) ?? "";
    if (event.action === "created" && event.at === member.created_at) redraw(added, text());
    if (event.version === member.version) redraw(changed, text());
  });
  return [
    facts([
      ["Added", time(member.created_at), member.created_by ? [" by ", added] : null],
      ["Changed", time(member.last_modified), member.modified_by ? [" by ", changed] : null],
      ["Version", String(member.version)],
      ["Id", h("code", {}, member.id), " ", copyButton(member.id, "id")],
    ]),
    history,
  ];
}

/**
 * Shows values with their labels.
 * @param {[label: string, ...values: Child[]][]} rows
 */
const facts = (rows) =>
  h(
    "dl",
    { class: "facts" },
    rows.map(([label, ...values]) => [h("dt", {}, label), h("dd", {}, values)]),
  );

/**
 * Saves over `stored` the changes that the user made to `before`. If `stored` is not the newest version, shows both
 * versions. If a value is refused, shows the form with the error.
 * @param {HTMLElement} place
 * @param {Context} context
 * @param {Member} before
 * @param {Member} stored
 * @param {MemberValues} mine
 * @returns {Promise<void>}
 */
async function save(place, context, before, stored, mine) {
  const changes = changesOf(before, mine);
  try {
    /** @type {Member} */
    const changed = await call("PATCH", `/members/${stored.id}`, { body: changes, match: stored });
    publishChange(stored.id, changed);
    if (changed.id !== stored.id) context.replaceAddress(addressOf(changed));
    draw(place, context, changed, changed, "Saved.");
    if (place.isConnected) announce("Saved.");
    else toast(`${fullName(changed)} was saved.`); // the user has left the view
  } catch (error) {
    if (error.status === 412) return resolveConflict(place, context, before, mine);
    if (before === stored) throw error; // the form is still there, and shows it
    const form = draw(place, context, stored, { ...stored, ...changes });
    if (form) showProblem(form, error);
    else throw error;
  }
}

/**
 * Shows both versions after an edit conflict.
 * @param {HTMLElement} place
 * @param {Context} context
 * @param {Member} before
 * @param {MemberValues} mine
 */
async function resolveConflict(place, context, before, mine) {
  const fetchStored = () => call("GET", `/members/${before.id}`, { signal: context.signal });
  /** @type {Member} */
  const stored = await fetchStored();
  compare(place, {
    title: `${fullName(stored)} was changed by somebody else`,
    fields: FIELDS,
    before,
    mine,
    stored,
    keepMine: () => save(place, context, before, stored, mine),
    takeStored: async () => draw(place, context, await fetchStored()),
  });
}

/**
 * Deletes a member after confirmation, unless somebody has changed it since.
 * @param {HTMLElement} pressed
 * @param {HTMLElement} place
 * @param {HTMLElement} messages
 * @param {Context} context
 * @param {Member} member
 */
async function remove(pressed, place, messages, context, member) {
  const text = "Its phone number and client member id become available at once. It can be restored.";
  if (!(await confirmed(`Delete ${fullName(member)}?`, text, "Delete"))) return;
  await whileBusy(pressed, messages, async () => {
    try {
      await call("DELETE", `/members/${member.id}`, { match: member });
    } catch (error) {
      if (error.status !== 412) throw error;
      const stored = await call("GET", `/members/${member.id}`, { signal: context.signal });
      const message = "Somebody else changed this member, so it was not deleted. This is the current version.";
      draw(place, context, stored, stored, message);
      announce(message);
      return;
    }
    publishChange(member.id, null);
    context.navigateAway(`#/members${query({ account: member.account_id })}`);
    toast(`${fullName(member)} was deleted.`, async () => {
      await call("POST", `/members/${member.id}/restore`);
      location.hash = addressOf(member);
      toast(`${fullName(member)} was restored.`);
    });
  });
}
