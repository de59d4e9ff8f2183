// A running import: polled, and updated in place, so that nothing on the page moves.

import { call } from "./api.js";
import { formatNumber, h, plural, time } from "./dom.js";
import { removalText } from "./removal_text.js";

/** @import { Counts, Import, Mode, Outcome, ProgressView, Status } from "./types" */

/** @type {Outcome[]} */
export const OUTCOMES = ["created", "updated", "unchanged", "deleted", "rejected"];
/** @type {Record<Status, string>} */
export const STATUS_TEXT = {
  awaiting_upload: "waiting for its file",
  splitting: "reading the file",
  loading: "loading",
  awaiting_approval: "waiting for approval",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
};
/** @type {[Mode, string][]} */
export const MODES = [
  ["create", "Add new members"],
  ["upsert", "Add and change members"],
  ["delete", "Delete the members in the file"],
  ["sync", "Add, change, and remove members who are not in the file"],
];
/** @param {Import} record */
export function modeText(record) {
  const mode = record.mode === "validate" ? "create" : record.mode;
  const text = MODES.find(([name]) => name === mode)?.[1] ?? mode;
  return record.dry_run ? `${text} (check only)` : text;
}
/** @param {Import} record */
export const fileName = (record) => record.source.key.split("/").pop() || "upload";
/** @param {Import} record */
const summary = (record) =>
  OUTCOMES.filter((name) => record.counts[name])
    .map((name) => `${formatNumber(record.counts[name])} ${name}`)
    .join(", ");
/** @type {(name: string, record: Import) => string} */
export const endText = (name, record) => {
  const removal = removalText(record);
  return `${name}: ${STATUS_TEXT[record.status]}. ${summary(record)}${removal ? `. ${removal}` : ""}`;
};

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
 * Creates the view of an import's progress, without a progress bar if the import has ended.
 * @returns {ProgressView}
 */
export function createProgress(hasEnded = false) {
  const status = h("span", { class: "status" });
  const pace = h("span", {});
  const error = h("p", { class: "message bad", hidden: true });
  const removal = h("p", { hidden: true });
  const bar = h("progress", { max: "100", "aria-label": "Loaded", hidden: hasEnded });
  const { chart, legend, draw } = outcomeChart();
  const { facts, showFacts } = importFacts();
  const place = h(
    "section",
    { "aria-label": "Progress" },
    h("p", {}, status, pace),
    error,
    bar,
    h("div", { class: "outcomes" }, chart, legend),
    removal,
    facts,
  );

  /** @param {Import} record */
  function update(record) {
    status.className = `status ${record.status}`;
    status.textContent = STATUS_TEXT[record.status];
    pace.textContent = paceText(record);
    error.hidden = !record.error;
    error.textContent = record.error?.detail ?? "";
    bar.value = record.finished_at ? 100 : record.percent;
    draw(record.counts);
    removal.textContent = removalText(record);
    removal.hidden = !removal.textContent;
    showFacts(record);
  }
  return {
    place,
    update,
    showTrouble: (text) => {
      pace.textContent = `. ${text}`;
    },
  };
}

/** Creates the list of an import's mode, start and end. */
function importFacts() {
  const mode = h("dd");
  const started = h("dd");
  const ended = h("dd", {}, "not yet");
  const names = ["Mode", "Started", "Ended"];
  const facts = h(
    "dl",
    { class: "facts" },
    [mode, started, ended].map((value, i) => [h("dt", {}, names[i]), value]),
  );
  /** @param {Import} record */
  function showFacts(record) {
    mode.textContent = modeText(record);
    started.replaceChildren(time(record.created_at), record.created_by ? ` by ${record.created_by}` : "");
    if (record.finished_at) ended.replaceChildren(time(record.finished_at));
  }
  return { facts, showFacts };
}

/** @param {Import} record */
function paceText(record) {
  const end = record.finished_at ?? new Date().toISOString();
  const seconds = record.started_at ? (Date.parse(end) - Date.parse(record.started_at)) / 1000 : 0;
  return [
    record.finished_at ? "" : ` ${record.percent}%`,
    record.seconds_left ? `, about ${plural(record.seconds_left, "second")} left` : "",
    seconds > 0 && record.counts.rows
      ? `, ${formatNumber(Math.round(record.counts.rows / seconds))} rows per second`
      : "",
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
  /** @param {Counts} counts */
  function draw(counts) {
    let x = 0;
    total.textContent = plural(counts.rows, "row");
    for (const { name, bar, item } of outcomes) {
      const width = counts.rows ? (100 * counts[name]) / counts.rows : 0;
      bar.setAttribute("x", String(x));
      bar.setAttribute("width", String(width));
      item.textContent = `${formatNumber(counts[name])} ${name}`;
      x += width;
    }
  }
  const items = outcomes.map(({ item }) => item);
  return { chart, legend: h("ul", {}, total, items), draw };
}
