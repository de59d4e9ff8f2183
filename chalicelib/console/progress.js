// An import under way: looked at again and again, and drawn in place, so that nothing on the page moves.

import { call } from "./api.js";
import { count, h, plural, time } from "./dom.js";

const OUTCOMES = ["created", "updated", "unchanged", "rejected"];
export const WORDS = {
  awaiting_upload: "waiting for its file",
  splitting: "reading the file",
  loading: "loading",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
};
export const MODES = [
  ["create", "Add new members"],
  ["upsert", "Add and change members"],
  ["validate", "Only check the file"],
];
export const modeOf = (one) => Object.fromEntries(MODES)[one.mode];
export const fileOf = (one) => one.source.key.split("/").pop() || "upload";
export const summary = (one) =>
  OUTCOMES.filter((name) => one.counts[name])
    .map((name) => `${count(one.counts[name])} ${name}`)
    .join(", ");

const LOOK_AGAIN = 1; // seconds
const AFTER_TROUBLE = 5;

export const later = (seconds, signal) =>
  new Promise((done, failed) => {
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        failed(new DOMException("", "AbortError"));
      },
      { once: true },
    );
  });

/**
 * The import once it has ended. Until then it is looked at again and again, where `progress` is in sight, and drawn
 * there. A look that fails for now is not the last one.
 */
export async function watch(id, signal, progress) {
  for (;;) {
    let wait = LOOK_AGAIN;
    try {
      if (progress.place.isConnected) {
        const one = await call("GET", `/imports/${id}`, { signal });
        progress.tell(one);
        if (one.finished_at) return one;
      }
    } catch (error) {
      if (!error.passing) throw error;
      wait = error.retryAfter ?? AFTER_TROUBLE;
      progress.trouble(`${error.message} Looking again in ${plural(wait, "second")}.`);
    }
    await later(wait, signal);
  }
}

/** The place that shows an import, without a bar for one that is `over` already; `tell` to show how it is now, and `trouble` to say that nobody knows. */
export function progressOf(over = false) {
  const status = h("span", { class: "status" }),
    pace = h("span", {}),
    error = h("p", { class: "message bad", hidden: true });
  const bar = h("progress", { max: "100", "aria-label": "Loaded", hidden: over });
  const { picture, figures, draw } = outcomes();
  const mode = h("dd"),
    begun = h("dd"),
    ended = h("dd", {}, "not yet");
  const place = h(
    "section",
    { "aria-label": "Progress" },
    h("p", {}, status, pace),
    error,
    bar,
    h("div", { class: "outcomes" }, picture, figures),
    h("dl", { class: "facts" }, h("dt", {}, "Task"), mode, h("dt", {}, "Begun"), begun, h("dt", {}, "Ended"), ended),
  );

  function tell(one) {
    status.className = `status ${one.status}`;
    status.textContent = WORDS[one.status];
    pace.textContent = paceOf(one);
    error.hidden = !one.error;
    error.textContent = one.error?.detail ?? "";
    bar.value = one.finished_at ? 100 : one.percent;
    draw(one.counts);
    mode.textContent = modeOf(one);
    begun.replaceChildren(time(one.created_at), one.created_by ? ` by ${one.created_by}` : "");
    if (one.finished_at) ended.replaceChildren(time(one.finished_at));
  }
  return {
    place,
    tell,
    trouble: (text) => {
      pace.textContent = `. ${text}`;
    },
  };
}

function paceOf(one) {
  const seconds = one.started_at
    ? (Date.parse(one.finished_at ?? new Date().toISOString()) - Date.parse(one.started_at)) / 1000
    : 0;
  return [
    one.finished_at ? "" : ` ${one.percent}%`,
    one.seconds_left ? `, about ${plural(one.seconds_left, "second")} left` : "",
    seconds > 0 && one.counts.rows ? `, ${count(Math.round(one.counts.rows / seconds))} rows a second` : "",
  ].join("");
}

/** The rows by outcome: as a picture, and in figures beside it. */
function outcomes() {
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const picture = svg("svg", {
    viewBox: "0 0 100 10",
    preserveAspectRatio: "none",
    class: "bar",
    "aria-hidden": "true",
  });
  const all = h("li"),
    parts = {},
    items = {};
  for (const name of OUTCOMES) {
    parts[name] = svg("rect", { x: 0, width: 0, height: 10, class: `part ${name}` });
    picture.append(parts[name]);
    items[name] = h("li", { class: name });
  }
  function draw(counts) {
    let x = 0;
    all.textContent = plural(counts.rows, "row");
    for (const name of OUTCOMES) {
      const width = counts.rows ? (100 * counts[name]) / counts.rows : 0;
      parts[name].setAttribute("x", x);
      parts[name].setAttribute("width", width);
      items[name].textContent = `${count(counts[name])} ${name}`;
      x += width;
    }
  }
  return { picture, figures: h("ul", {}, all, Object.values(items)), draw };
}
