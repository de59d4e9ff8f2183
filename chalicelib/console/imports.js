// Imports: uploads, progress and results.

import { accountField } from "./accounts.js";
import { call, loaded, query } from "./api.js";
import { confirmed } from "./dialogs.js";
import { announce, button, failure, formatNumber, h, link, notice, plural, redraw, time, whileBusy } from "./dom.js";
import { encodingChoice } from "./encodings.js";
import { followUp } from "./follow_up.js";
import { clearErrors, field, searchForm, showProblem } from "./forms.js";
import {
  byText,
  endText,
  fileName,
  modeText,
  outcomeText,
  STATUS_TEXT,
  stalledText,
  statusText,
  tone,
} from "./import_texts.js";
import { listOf } from "./lists.js";
import { createProgress, delay, watch } from "./progress.js";
import { approval } from "./removals.js";
import * as uploads from "./uploads.js";

/** @import { Child, Column, Context, Import, Me } from "./types" */

/** @typedef {{account: string, status: string}} Wanted the imports to list, "" for any */

// ---- The list

/** @type {(place: HTMLElement, context: Context) => void} */
export function list(place, { me, may, signal, query }) {
  const wanted = { account: query.get("account") ?? "", status: query.get("status") ?? "" };
  const filter = filterForm(me, wanted);
  const imports = importList(signal, wanted, filter);
  uploads.removeFinishedCards();
  uploads.importChanges.addEventListener("change", imports.reload, { signal });
  followOthers(imports, wanted, signal);
  redraw(
    place,
    h("h1", {}, "Imports"),
    may("imports:write") ? importLink() : null,
    uploads.cards,
    may("imports:write") ? h("h2", {}, wanted.account || wanted.status ? "Imports found" : "All imports") : null,
    filter,
    imports.place,
  );
}

const OTHERS_SECONDS = 15;

/**
 * Reloads the list when its first page has changed: others start imports too. Only the page that is looked at asks.
 * @type {(list: {place: HTMLElement, reload: () => unknown}, wanted: Wanted, signal: AbortSignal) => void}
 */
async function followOthers({ place, reload }, { account, status }, signal) {
  let before = "";
  try {
    for (;;) {
      await delay(OTHERS_SECONDS, signal);
      if (document.hidden || !place.isConnected) continue;
      const page = await call("GET", `/imports${query({ account_id: account, status, limit: 50 })}`, { signal });
      const now = JSON.stringify(page.items.map((/** @type {Import} */ one) => [one.id, one.status, one.counts]));
      if (now !== before) reload(); // the first time, too: it was read a while ago
      before = now;
    }
  } catch {
    // The view was left, or the list says itself what is wrong.
  }
}

const importLink = () =>
  h(
    "div",
    { class: "buttons start" },
    link("Import a file", "#/imports/new", { class: "button main" }),
    h("span", { class: "quiet" }, "or drop files anywhere on this page"),
  );

/** @type {(me: Me, wanted: Wanted) => HTMLFormElement} */
const filterForm = (me, wanted) =>
  searchForm("/imports", [
    accountField(me, "imports:read", wanted.account, { name: "account", size: 12, "data-first": true }),
    field({
      name: "status",
      label: "Status",
      options: [["", "any"], ...Object.entries(STATUS_TEXT)],
      value: wanted.status,
    }),
  ]);

/**
 * The text in place of an empty list.
 * @param {Wanted} wanted
 */
function emptyList({ account, status }) {
  if (!account && !status) return notice("There are no imports yet.");
  const hint = account ? `Imports that were not limited to account ${account} are not shown.` : null;
  return notice("No imports match.", hint && h("p", {}, hint), h("p", {}, link("Show all imports", "#/imports")));
}

/**
 * @param {AbortSignal} signal
 * @param {Wanted} wanted
 * @param {HTMLFormElement} form that chose them
 */
function importList(signal, wanted, form) {
  /** @type {Column<Import>[]} */
  const columns = [
    ["File", (record) => link(fileName(record), `#/imports/${record.id}`)],
    ["Status", (record) => h("span", { class: `status ${tone(record)}` }, listedStatus(record))],
    ["Mode", modeText],
    ["Account", (record) => record.account_id],
    // Those of a running import would soon be older than its card's.
    ["Rows", ({ counts, finished_at }) => finished_at && formatNumber(counts.rows), "number"],
    ["Rejected", ({ counts, finished_at }) => finished_at && formatNumber(counts.rejected), "number"],
    ["Started", (record) => time(record.created_at)],
    ["By", (record) => byText(record.created_by)],
  ];
  return listOf({
    path: "/imports",
    filters: { account_id: wanted.account, status: wanted.status },
    caption: "Imports, newest first",
    noun: "import",
    signal,
    size: 50,
    columns,
    empty: () => emptyList(wanted),
    onRefused: (problem) => {
      clearErrors(form);
      showProblem(form, problem, (name) => (name === "account_id" ? "account" : name));
      return true;
    },
  });
}

/** @param {Import} record */
const listedStatus = (record) => [statusText(record), stalledText(record)].filter(Boolean).join(", ");

// ---- One import

/** @type {(place: HTMLElement, context: Context) => Promise<void>} */
export async function show(place, context) {
  const { signal, parts, may, navigateAway } = context;
  const [id] = parts;
  /** @type {Import} */
  const first = await call("GET", `/imports/${id}`, { signal });
  const progress = createProgress();
  const actions = h("div");
  const results = h("div");
  progress.update(first);
  redraw(
    place,
    h("p", {}, link("All imports", "#/imports")),
    h("h1", {}, fileName(first)),
    first.of ? h("p", {}, link("The import that it takes back", `#/imports/${first.of}`)) : null,
    progress.place,
    actions,
    results,
  );
  if (!first.finished_at && may("imports:write")) actions.append(cancelButton(first, actions));
  const follow = async () => {
    try {
      const record = first.finished_at ? first : await watch(id, signal, progress);
      if (record.status === "awaiting_approval") {
        redraw(actions);
        redraw(results, approval(record, context, follow));
        return;
      }
      redraw(actions, followUp(record, navigateAway, signal, may("imports:write")));
      redraw(progress.advice, encodingChoice(record, uploads.sendAgain(id, navigateAway), may("imports:write")));
      if (!first.finished_at) announce(endText(fileName(record), record));
      const { showResults } = await loaded(import("./report.js"));
      await showResults(results, record, context);
    } catch (error) {
      if (error.name !== "AbortError") redraw(results, failure(error, error.transient ? follow : null));
    }
  };
  follow();
}

/**
 * What a cancellation would leave, by what is written so far.
 * @param {Import} record
 */
function cancelText({ counts, percent, dry_run }) {
  const rest = "The other rows are returned as rejected, so that you can send them again.";
  if (dry_run) return `${plural(counts.rows, "row")} (${percent}%) were checked so far, and nothing is written.`;
  const written = counts.created + counts.updated + counts.deleted;
  if (!written) return `No member is written yet. ${rest}`;
  const names = /** @type {const} */ (["created", "updated", "deleted"]).filter((name) => counts[name]);
  const what = names
    .map((name) => `${formatNumber(counts[name])} ${outcomeText(name, { dry_run, of: null })}`)
    .join(", ");
  return `${plural(counts.rows, "row")} (${percent}%) are done: ${what}. That stays. ${rest}`;
}

/** @type {(record: Import, place: HTMLElement) => HTMLElement} */
function cancelButton(record, place) {
  const messages = h("div");
  const cancel = async () => {
    await call("POST", `/imports/${record.id}/cancel`);
    const text = "Loading has stopped. The remaining rows are being counted.";
    redraw(place, h("p", {}, text));
    announce(text);
  };
  const ask = async () => {
    /** @type {Import} */
    const now = await call("GET", `/imports/${record.id}`);
    if (now.finished_at) return; // it has ended before the press
    if (await confirmed(`Cancel ${fileName(record)}?`, cancelText(now), "Cancel the import", "Continue the import"))
      await cancel();
  };
  const onPress = (/** @type {HTMLButtonElement} */ pressed) => whileBusy(pressed, messages, ask);
  return h("div", { class: "buttons" }, button("Cancel the import", onPress, { class: "danger" }), messages);
}
