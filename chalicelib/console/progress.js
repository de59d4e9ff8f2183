// A running import: polled, and updated in place, so that nothing on the page moves.

import { call, readable } from "./api.js";
import { formatDollars, formatNumber, h, plural, time } from "./dom.js";
import {
  byText,
  capitalized,
  modeText,
  OUTCOMES,
  outcomeText,
  stalledText,
  statusText,
  tone,
  verdictText,
} from "./import_texts.js";
import { removalText } from "./removal_text.js";

/** @import { Child, Estimate, Import, ProgressView } from "./types" */

const POLL_SECONDS = 1;
const RETRY_SECONDS = 5;

/**
 * Resolves after so many seconds; rejects with AbortError when the signal aborts.
 * @type {(seconds: number, signal: AbortSignal) => Promise<void>}
 */
export const delay = (seconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(new DOMException("", "AbortError"));
      },
      { once: true },
    );
  });

/**
 * Polls an import until it has ended or waits for approval, and returns it. It polls only while `view` is in the page, and goes on after a
 * transient error.
 * @param {string} id
 * @param {AbortSignal} signal
 * @param {ProgressView} view
 * @returns {Promise<Import>}
 */
export async function watch(id, signal, view) {
  for (;;) {
    let seconds = POLL_SECONDS;
    try {
      if (view.place.isConnected) {
        /** @type {Import} */
        const record = await call("GET", `/imports/${id}`, { signal });
        view.update(record);
        if (record.finished_at || record.status === "awaiting_approval") return record;
      }
    } catch (error) {
      if (!error.transient) throw error;
      seconds = error.retryAfter ?? RETRY_SECONDS;
      view.showTrouble(`${error.message} Checking again in ${plural(seconds, "second")}.`);
    }
    await delay(seconds, signal);
  }
}

/**
 * Creates the view of an import's progress: its bar goes when the import has ended. `brief` leaves out the facts;
 * `onStatus` is called when the status has changed.
 * @type {(options?: {brief?: boolean, onStatus?: () => void}) => ProgressView}
 */
export function createProgress({ brief = false, onStatus = () => {} } = {}) {
  const status = h("span", { class: "status" });
  const pace = h("span", {});
  const error = h("p", { class: "message bad", hidden: true });
  const advice = h("div");
  const removal = h("p", { hidden: true });
  const bar = h("progress", { max: "100", "aria-label": "Loaded" });
  const { chart, legend, draw } = outcomeChart();
  const outcomes = h("div", { class: "outcomes" }, chart, legend);
  const notes = h("div");
  const facts = h("dl", { class: "facts" });
  const parts = [h("p", {}, status, pace), error, advice, bar, outcomes, removal, notes, brief ? null : facts];
  const place = h("section", { "aria-label": "Progress" }, parts);
  let shown = "";

  /** @param {Import} record */
  function update(record) {
    const hasEnded = record.finished_at !== null;
    status.className = `status ${record.status} ${tone(record)}`;
    status.textContent = hasEnded ? verdictText(record) : statusText(record);
    pace.textContent = hasEnded ? "" : paceText(record);
    error.hidden = !record.error;
    error.textContent = errorText(record);
    bar.hidden = hasEnded || record.status === "awaiting_approval";
    bar.value = record.percent;
    chart.toggleAttribute("hidden", !bar.hidden); // one bar at a time: the legend has the figures
    outcomes.hidden = hasEnded && !record.counts.rows;
    draw(record);
    removal.textContent = removalText(record);
    removal.hidden = !removal.textContent;
    notes.replaceChildren(...notesOf(record).map((text) => h("p", {}, text)));
    facts.replaceChildren(...factsOf(record));
    if (shown && shown !== record.status) onStatus();
    shown = record.status;
  }
  return {
    place,
    advice,
    update,
    showTrouble: (text) => {
      pace.textContent = `. ${text}`;
    },
  };
}

/** @param {Import} record */
function errorText({ error, encoding_candidates: candidates }) {
  if (candidates.length)
    return "Nothing was imported: the file does not say how its letters are encoded, and the names can be read in several ways.";
  const more =
    error?.code === "missing_columns"
      ? " If they have other names, send the file again, and say in the second step which columns hold them."
      : "";
  return readable(error?.detail ?? "") + more;
}

/**
 * What is to be known about an import that needs no correction of rows.
 * @param {Import} record
 */
function notesOf(record) {
  const { changed_since: rows, encoding, encoding_guessed: guessed, encoding_examples: names } = record;
  const notes = record.estimate ? [estimateText(record.estimate, record.of ? "undo" : "import")] : [];
  if (rows) notes.push(changedSinceText(record));
  if (guessed)
    notes.push(
      names.length
        ? `The encoding of the file was guessed: ${encoding}, with names such as ${names.join(", ")}. If they are wrong, the file needs to be sent again with the right encoding, as “Add and change members”.`
        : `The encoding of the file was guessed: ${encoding}.`,
    );
  return notes;
}

/** @param {Import} record */
function changedSinceText({ changed_since: rows, of }) {
  const since = of ? "since then" : "after this file arrived";
  return rows === 1
    ? `1 row changed nothing, because its member was changed ${since}. The newer change stays.`
    : `${formatNumber(rows)} rows changed nothing, because their members were changed ${since}. The newer changes stay.`;
}

/**
 * What an import would take, as its dry run has estimated.
 * @type {(estimate: Estimate, name: string) => string}
 */
function estimateText({ write_units: units, dollars, minutes }, name) {
  if (!units) return `The ${name} would write nothing.`;
  const cost = dollars < 0.005 ? "less than a cent" : formatDollars(dollars);
  const text = `The ${name} would cost ${cost} (${plural(units, "write unit")} of the table)`;
  if (minutes === null) return `${text}.`;
  const time = minutes > 1 ? plural(minutes, "minute") : "less than a minute";
  return `${text}, and take ${time} at the table’s present throughput.`;
}

/**
 * The terms and values of an import's facts, without the options that it was not given.
 * @param {Import} record
 */
function factsOf(record) {
  /** @type {[string, Child][]} */
  const facts = [
    ["Mode", modeText(record)],
    ["Account", record.account_id],
    ["Expected rows", record.rows === null ? null : formatNumber(record.rows)],
    ["Rejected rows allowed", record.max_rejected],
    ["Region of phone numbers", record.region],
    ["Started", [time(record.created_at), record.created_by ? ` by ${byText(record.created_by)}` : ""]],
    ["Ended", record.finished_at ? time(record.finished_at) : null],
  ];
  return facts
    .filter(([, value]) => value !== null)
    .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
}

/**
 * How far a running import is. Few rows have no pace worth telling.
 * @param {Import} record
 */
function paceText(record) {
  const { status, percent, seconds_left: left, started_at: started, counts } = record;
  const stalled = stalledText(record);
  if (stalled) return ` ${percent}%. ${capitalized(stalled)}.`;
  if (status === "cancelled") return ". The remaining rows are being counted.";
  if (status === "awaiting_approval") return "";
  const seconds = started ? (Date.now() - Date.parse(started)) / 1000 : 0;
  const pace = seconds > 0 ? Math.round(counts.rows / seconds) : 0;
  return [
    ` ${percent}%`,
    left ? `, about ${left > 90 ? plural(Math.round(left / 60), "minute") : plural(left, "second")} left` : "",
    pace > 1 ? `, ${formatNumber(pace)} rows per second` : "",
  ].join("");
}

/** @type {(tag: string, attributes: Record<string, string | number>) => Element} */
function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** Creates a bar chart of the rows by outcome, and its legend with the numbers. */
function outcomeChart() {
  const chart = svg("svg", {
    viewBox: "0 0 100 10",
    preserveAspectRatio: "none",
    class: "bar",
    "aria-hidden": "true",
  });
  const total = h("li");
  const outcomes = OUTCOMES.map((name) => ({
    name,
    bar: svg("rect", { x: 0, width: 0, height: 10, class: `part ${name}` }),
    item: h("li", { class: name }),
  }));
  chart.append(...outcomes.map(({ bar }) => bar));
  /** @param {Import} record */
  function draw(record) {
    const { counts } = record;
    let x = 0;
    total.textContent = plural(counts.rows, "row");
    for (const { name, bar, item } of outcomes) {
      const width = counts.rows ? (100 * counts[name]) / counts.rows : 0;
      bar.setAttribute("x", String(x));
      bar.setAttribute("width", String(width));
      item.textContent = `${formatNumber(counts[name])} ${outcomeText(name, record, counts[name])}`;
      item.hidden = !counts[name];
      x += width;
    }
  }
  const items = outcomes.map(({ item }) => item);
  return { chart, legend: h("ul", {}, total, items), draw };
}
