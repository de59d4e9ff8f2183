// Exports: an account as a file.

import { followingAccountField } from "./accounts.js";
import { call } from "./api.js";
import { announce, button, failure, formatNumber, h, link, notice, plural, redraw, time, whileBusy } from "./dom.js";
import { createForm, field, fieldValue, submitButton } from "./forms.js";
import { byText } from "./import_texts.js";
import { listOf } from "./lists.js";
import { delay } from "./progress.js";

/** @import { Column, Context, Export, NewExport } from "./types" */

const POLL_SECONDS = 1;
const RETRY_SECONDS = 5;
/** @type {[string, string][]} */
const FORMATS = [
  ["csv", "CSV: opens in a spreadsheet, and can be imported"],
  ["csv.gz", "The same, packed (.gz)"],
  ["ndjson", "JSON lines: all fields, for programs"],
];
/** @type {Record<Export["status"], string>} */
const STATUS_TEXT = { queued: "waiting", running: "reading members", completed: "completed", failed: "failed" };

/** @param {Export | NewExport} one */
const titleOf = ({ account_id, last_name_prefix }) =>
  `Export of account ${account_id}${last_name_prefix ? `, last names starting with ${last_name_prefix}` : ""}`;

/**
 * Starts an export, and shows it.
 * @param {NewExport} options
 */
async function start(options) {
  /** @type {Export} */
  const started = await call("POST", "/exports", { body: options });
  location.hash = `#/exports/${started.id}`;
}

/**
 * The button that exports what a list of members shows, which shows all of the account or some last names of it. Null
 * for users who may not.
 * @type {(may: Context["may"], account: string, prefix: string, messages: HTMLElement) => HTMLElement | null}
 */
export function exportButton(may, account, prefix, messages) {
  if (!account || !may("members:export", account)) return null;
  const options = { account_id: account, ...(prefix ? { last_name_prefix: prefix } : {}) };
  const title = titleOf(options);
  // A part must not be taken for all of the account.
  const text = prefix ? `Export last names starting with ${prefix}` : "Export";
  return button(text, (pressed) => whileBusy(pressed, messages, () => start(options)), {
    "aria-label": prefix ? null : title,
    title,
  });
}

// ---- The list, and the form that starts an export

/** @type {(place: HTMLElement, context: Context) => void} */
export function list(place, { me, signal }) {
  const form = createForm(
    [
      followingAccountField(me, "members:export", signal, { required: true }),
      field({ name: "last_name_prefix", label: "Last name starts with (blank for all members)" }),
      field({ name: "format", label: "Format", options: FORMATS }),
    ],
    submitButton("Export"),
    (form) => {
      const prefix = fieldValue(form, "last_name_prefix").trim();
      return start({
        account_id: fieldValue(form, "account_id").trim(),
        format: fieldValue(form, "format"),
        ...(prefix ? { last_name_prefix: prefix } : {}),
      });
    },
    { ask: false },
  );
  /** @type {Column<Export>[]} */
  const columns = [
    ["Account", (one) => link(one.account_id, `#/exports/${one.id}`)],
    ["Last names", (one) => (one.last_name_prefix ? `${one.last_name_prefix}…` : "all")],
    ["Status", statusText],
    ["Members", (one) => formatNumber(one.rows), "number"],
    ["Format", (one) => one.format],
    ["As of", (one) => time(one.as_of)],
    ["By", (one) => byText(one.created_by, "a command")],
  ];
  const { place: table } = listOf({
    path: "/exports",
    caption: "Exports, newest first",
    noun: "export",
    signal,
    size: 50,
    columns,
    empty: "There are no exports yet.",
  });
  redraw(place, h("h1", {}, "Exports"), form, h("h2", {}, "All exports"), table);
}

/** @param {Export} one */
const statusText = ({ status }) => h("span", { class: `status ${status}` }, STATUS_TEXT[status]);

// ---- One export

/** @type {(place: HTMLElement, context: Context) => Promise<void>} */
export async function show(place, { signal, parts }) {
  const [id] = parts;
  /** @type {Export} */
  const first = await call("GET", `/exports/${id}`, { signal });
  const progress = h("section", { "aria-label": "Progress" });
  const result = h("div");
  redraw(
    place,
    h("p", {}, link("All exports", "#/exports")),
    h("h1", {}, titleOf(first)),
    progress,
    result,
    factsOf(first),
  );
  drawProgress(progress, first);
  const follow = async () => {
    try {
      const ended = first.finished_at ? first : await watch(id, signal, progress);
      if (!first.finished_at) announce(`${titleOf(ended)}: ${STATUS_TEXT[ended.status]}.`);
      redraw(result, ended.error ? notice(ended.error.detail) : downloadButton(ended));
    } catch (error) {
      if (error.name !== "AbortError") redraw(result, failure(error, error.transient ? follow : null));
    }
  };
  follow();
}

/**
 * Polls an export until it has ended, and returns it. It polls only while `progress` is in the page.
 * @param {string} id
 * @param {AbortSignal} signal
 * @param {HTMLElement} progress
 * @returns {Promise<Export>}
 */
async function watch(id, signal, progress) {
  for (;;) {
    let seconds = POLL_SECONDS;
    try {
      if (progress.isConnected) {
        /** @type {Export} */
        const record = await call("GET", `/exports/${id}`, { signal });
        drawProgress(progress, record);
        if (record.finished_at) return record;
      }
    } catch (error) {
      if (!error.transient) throw error;
      seconds = error.retryAfter ?? RETRY_SECONDS;
      redraw(progress, h("p", {}, `${error.message} Checking again in ${plural(seconds, "second")}.`));
    }
    await delay(seconds, signal);
  }
}

/** @type {(place: HTMLElement, record: Export) => void} */
function drawProgress(place, record) {
  const members = plural(record.rows, "member");
  redraw(
    place,
    h("p", {}, statusText(record), record.finished_at ? `, ${members}` : record.rows ? `, ${members} so far` : ""),
    h(
      "p",
      { class: "quiet" },
      "As of ",
      time(record.as_of),
      ". Members that change later may be in the file with their old or new values.",
    ),
    record.finished_at ? null : h("progress", { "aria-label": "Export" }),
  );
}

/** @param {Export} record */
function downloadButton(record) {
  const messages = h("div");
  const size = Math.max(1, Math.round((record.size ?? 0) / 1000));
  // A new link each time: it is valid for 15 minutes.
  const download = async () => location.assign((await call("GET", `/exports/${record.id}`)).url);
  const press = (/** @type {HTMLButtonElement} */ pressed) => whileBusy(pressed, messages, download);
  return h(
    "div",
    { class: "buttons" },
    button(`Download the file (${formatNumber(size)} kB)`, press, { class: "main" }),
    messages,
  );
}

/** @param {Export} record */
const factsOf = (record) =>
  h(
    "dl",
    { class: "facts" },
    h("dt", {}, "Format"),
    h("dd", {}, record.format),
    h("dt", {}, "Started by"),
    h("dd", {}, byText(record.created_by, "a command")),
  );
