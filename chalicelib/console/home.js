// The first view: what imports ran lately, which of them wait for a person, and the ways to the user's work.

import { call, query } from "./api.js";
import { h, link, notice, redraw, time } from "./dom.js";
import { fileName, stalledText, tone, verdictText } from "./import_texts.js";
import { removalText } from "./removal_text.js";

/** @import { Child, Context, Import, May } from "./types" */

const LATEST = 20; // imports that are looked at, in one request

/** @type {(place: HTMLElement, context: Context) => Promise<void>} */
export async function show(place, { me, may, signal }) {
  /** @type {{items: Import[], next: string | null}} */
  const { items, next } = may("imports:read")
    ? await call("GET", `/imports${query({ limit: LATEST })}`, { signal })
    : { items: [], next: null };
  redraw(
    place,
    h("div", { class: "title" }, h("h1", {}, "Home"), h("span", { class: "buttons" }, waysFor(may))),
    may("imports:read")
      ? importSections(items, next !== null, may)
      : h("p", {}, `You are signed in as ${me.name}. The menu above has all that you may do.`),
  );
}

/** @param {May} may */
const waysFor = (may) => [
  may("members:read") ? link("Find a member", "#/members", { class: "button" }) : null,
  may("members:write") ? link("Add a member", "#/members/new", { class: "button" }) : null,
  may("imports:write") && may("imports:read") ? link("Import a roster", "#/imports/new", { class: "button" }) : null,
];

/** @type {(items: Import[], more: boolean, may: May) => Child} */
function importSections(items, more, may) {
  // Of many imports of others the API looks at the latest only.
  const none = more ? "None of the latest imports is yours." : "No imports ran yet.";
  if (!items.length) return notice(none, more ? h("p", {}, link("Older imports", "#/imports")) : null);
  const waiting = items.filter(({ status }) => status === "awaiting_approval");
  const wrong = items.filter((one) => one.status === "failed" || (one.finished_at && one.counts.rejected));
  const stalled = items.filter((one) => stalledText(one));
  return [
    stalled.length ? section("Not moving", stalled, "", link("All that load", "#/imports?status=loading")) : null,
    section(
      "Waiting for approval",
      waiting,
      may("imports:approve") ? "Nothing waits for you." : "Nothing waits for an approver.",
      link("All that wait", "#/imports?status=awaiting_approval"),
    ),
    section(
      "Failed, or with rejected rows",
      wrong,
      "All rows of the latest imports were good.",
      link("All that failed", "#/imports?status=failed"),
    ),
    section("Latest imports", items.slice(0, 10), "", link("All imports", "#/imports")),
  ];
}

/** @type {(title: string, items: Import[], none: string, more: HTMLElement) => HTMLElement} */
const section = (title, items, none, more) =>
  h(
    "section",
    { class: "glance", "aria-label": title },
    h("h2", {}, title),
    items.length ? h("ul", { class: "plain" }, items.map(entry)) : h("p", { class: "quiet" }, none),
    h("p", {}, more),
  );

/** @param {Import} record */
const entry = (record) =>
  h(
    "li",
    {},
    link(fileName(record), `#/imports/${record.id}`),
    h("span", { class: `status ${tone(record)}` }, [verdictText(record), removalText(record)].join(" ").trim()),
    h("span", { class: "quiet" }, record.account_id ? `Account ${record.account_id}, ` : "", time(record.created_at)),
  );
