// What happened to a member, and the way back for one that was deleted.

import { call } from "./api.js";
import { author } from "./authors.js";
import { announce, button, h, link, redraw, time, whileBusy } from "./dom.js";
import { listOf } from "./lists.js";
import { readablePhone } from "./phones.js";

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
 * A value of a member, for reading.
 * @type {(name: MemberField, value: string | null) => string | null}
 */
export const readableValue = (name, value) => (name === "phone_number" && value ? readablePhone(value) : value);

/**
 * The changes of a member, the latest first. `onEvent` is called with each one that is shown.
 * @type {(id: string, context: Context, onEvent?: (event: MemberEvent) => void) => HTMLElement}
 */
export function historyOf(id, context, onEvent = () => {}) {
  const list = listOf({
    path: `/members/${id}/history`,
    caption: "The latest first",
    noun: "change",
    columns: [
      ["When", (event) => time(event.at)],
      ["What", (event) => whatHappened(event)],
      [
        "Who",
        (event) => {
          onEvent(event);
          return author(context, event.by, event.import);
        },
      ],
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
  const names = /** @type {MemberField[]} */ (Object.keys(LABELS));
  const last = action === "deleted" ? names.map((name) => readableValue(name, changes[name]?.from ?? null)) : [];
  return [
    h("div", {}, VERBS[action], place, last.length ? `: ${last.join(", ")}` : ""),
    shown.map(([name, { from, to }]) =>
      h(
        "div",
        { class: "change" },
        `${LABELS[name]}: `,
        h("del", {}, readableValue(name, from)),
        " → ",
        h("ins", {}, readableValue(name, to)),
      ),
    ),
  ];
}

const allMembers = () => h("p", {}, link("All members", "#/members"));

/**
 * Shows what became of a member that is not there any more, if that is known. `onRestored` gets the member.
 * @type {(place: HTMLElement, context: Context, id: string, problem: Problem, onRestored: (member: Member) => unknown) => void}
 */
export function showMissing(place, context, id, problem, onRestored) {
  const { moved_to, deleted_at } = problem.facts;
  if (moved_to) {
    const where = link("Show the member", `#/members/${moved_to}`);
    const title = h("h1", {}, "This member has another id now");
    redraw(place, allMembers(), title, h("p", {}, where), historyOf(id, context));
    return;
  }
  if (!deleted_at) {
    redraw(place, allMembers(), h("h1", {}, "No member has this id"), h("p", {}, "Find the member in the list."));
    return;
  }
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
    allMembers(),
    h("h1", {}, "This member was deleted"),
    h("p", {}, "Deleted ", time(deleted_at), ". Its phone number and client member id may belong to others now."),
    restore,
    messages,
    historyOf(id, context),
  );
}
