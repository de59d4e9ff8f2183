// What happened to a member, and the way back for one that was deleted.

import { call } from "./api.js";
import { announce, button, h, link, redraw, time, whileBusy } from "./dom.js";
import { listOf } from "./lists.js";

/** @import { Problem } from "./api.js" */
/** @import { Child, Context, Member, MemberEvent, MemberField } from "./types" */

const VERBS = { created: "Added", updated: "Changed", moved: "Moved", deleted: "Deleted", restored: "Restored" };
/** @type {Record<MemberField, string>} */
export const LABELS = {
  first_name: "First name",
  last_name: "Last name",
  phone_number: "Phone number",
  client_member_id: "Client member id",
  account_id: "Account",
};

/**
 * The changes of a member, the latest first.
 * @type {(id: string, context: Context) => HTMLElement}
 */
export function historyOf(id, context) {
  const list = listOf({
    path: `/members/${id}/history`,
    caption: "The latest first",
    noun: "change",
    columns: [
      ["When", (event) => time(event.at)],
      ["What", (event) => whatHappened(event)],
      ["Who", (event) => author(context, event)],
    ],
    empty: "No changes are known.",
    signal: context.signal,
    size: 20,
    quiet: true,
  });
  return h("section", { class: "history" }, h("h2", {}, "Changes"), list.place);
}

/**
 * Shows what an event changed: each field from its old value to its new one.
 * @type {(event: MemberEvent) => Child}
 */
function whatHappened({ action, changes, moved_to, moved_from }) {
  /** @type {Child} */
  let place = null;
  if (moved_to) place = [" to ", link("its new id", `#/members/${moved_to}`)];
  if (moved_from) place = [" from ", link("its old id", `#/members/${moved_from}`)];
  const fields = /** @type {[MemberField, {from: string | null, to: string | null}][]} */ (Object.entries(changes));
  const shown = action === "updated" || action === "moved" ? fields : [];
  return [
    h("div", {}, VERBS[action], place),
    shown.map(([name, { from, to }]) =>
      h("div", { class: "change" }, `${LABELS[name]}: `, h("del", {}, from), " → ", h("ins", {}, to)),
    ),
  ];
}

/**
 * Shows who made a change: a user, or the row of an import.
 * @type {(context: Context, event: MemberEvent) => Child}
 */
function author(context, { by, import: row }) {
  const id = row?.id ?? (by?.startsWith("import:") ? by.slice("import:".length) : null);
  if (!id) return by;
  const text = row?.line ? `an import, line ${row.line}` : "an import";
  return context.may("imports:read") ? link(text, `#/imports/${id}`) : text;
}

/**
 * Shows what became of a member that is not there any more. Throws the problem if that is not known. `onRestored` gets
 * the member.
 * @type {(place: HTMLElement, context: Context, id: string, problem: Problem, onRestored: (member: Member) => unknown) => void}
 */
export function showMissing(place, context, id, problem, onRestored) {
  const { moved_to, deleted_at } = problem.facts;
  if (moved_to) {
    const where = link("Show the member", `#/members/${moved_to}`);
    redraw(place, h("h1", {}, "This member has another id now"), h("p", {}, where), historyOf(id, context));
    return;
  }
  if (!deleted_at) throw problem;
  const messages = h("div");
  const restore = context.may("members:write")
    ? button("Restore", (pressed) =>
        whileBusy(pressed, messages, async () => {
          onRestored(await call("POST", `/members/${id}/restore`));
          announce("The member was restored.");
        }),
      )
    : null;
  redraw(
    place,
    h("p", {}, link("All members", "#/members")),
    h("h1", {}, "This member was deleted"),
    h("p", {}, "Deleted ", time(deleted_at), ". Its phone number and client member id may belong to others now."),
    restore,
    messages,
    historyOf(id, context),
  );
}
