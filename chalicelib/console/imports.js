// Imports: send rosters, watch them, and see what came of every row.

import { call, put } from "./api.js";
import { announce, button, confirmed, count, during, failure, h, link, plural, time } from "./dom.js";
import { field, valueOf } from "./forms.js";
import { listOf } from "./lists.js";
import { accountField } from "./members.js";

const MODES = [
  ["create", "create: add members"],
  ["upsert", "upsert: add and change members"],
  ["validate", "validate: only check the file"],
];
const OUTCOMES = ["created", "updated", "unchanged", "rejected"];
const WORDS = {
  awaiting_upload: "waiting for its file", splitting: "reading the file", loading: "loading",
  completed: "completed", failed: "failed", cancelled: "cancelled",
};
const LOOK_AGAIN = 1000; // milliseconds
const fileOf = (one) => one.source.key.split("/").pop() || "upload";

const later = (milliseconds, signal) => new Promise((done, failed) => {
  const timer = setTimeout(done, milliseconds);
  signal.addEventListener("abort", () => { clearTimeout(timer); failed(new DOMException("", "AbortError")); });
});

/** The import, again and again until it has ended; `told` hears of each look at it. */
async function watch(id, signal, told) {
  for (;;) {
    const one = await call("GET", `/imports/${id}`, { signal });
    told(one);
    if (one.finished_at) return one;
    await later(LOOK_AGAIN, signal);
  }
}

// ---- The list, and sending files

export function list(main, { me, may, signal }) {
  const sent = h("div"), past = h("div");
  const again = () => past.replaceChildren(pastImports(signal));
  main.replaceChildren(
    h("h1", {}, "Imports"),
    may("imports:write") ? sender(me, (file, options) => sent.prepend(card(file, options, signal, again))) : null,
    sent, h("h2", {}, "All imports"), past);
  again();
}

const pastImports = (signal) => listOf({
  path: "/imports", caption: "Imports, the newest first", one: "import", signal, size: 50,
  columns: [
    ["File", (one) => link(fileOf(one), `#/imports/${one.id}`)],
    ["Status", (one) => h("span", { class: `status ${one.status}` }, WORDS[one.status])],
    ["Mode", (one) => one.mode],
    ["Rows", (one) => number(one.counts.rows)],
    ["Rejected", (one) => number(one.counts.rejected)],
    ["Begun", (one) => time(one.created_at)],
    ["By", (one) => one.created_by ?? "a drop"],
  ],
  empty: "There are no imports yet.",
});

const number = (value) => h("td", { class: "number" }, count(value));

/** The form that takes files; `send` is called with each and with what was chosen for it. */
function sender(me, send) {
  const files = field({ name: "files", label: "Rosters", type: "file", multiple: true, accept: ".csv,.gz", hint: "CSV files, also .csv.gz, of any size. Or drop them here." });
  const form = h("form", { class: "drop" },
    field({ name: "mode", label: "Mode", options: MODES }),
    accountField(me, "imports:write", "", { hint: "Of files without that column." }),
    files);
  const take = (chosen) => {
    const options = { mode: valueOf(form, "mode"), account_id: valueOf(form, "account_id").trim() || undefined };
    for (const file of chosen) send(file, options);
  };
  const input = files.querySelector("input");
  input.addEventListener("change", () => { take(input.files); input.value = ""; });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const type of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(type, (event) => {
      event.preventDefault();
      form.classList.toggle("over", type === "dragover");
      if (type === "drop") take(event.dataTransfer.files);
    });
  }
  return form;
}

/** A file on its way: its upload, which goes on when the page shows something else, and then its import. */
function card(file, options, signal, changed) {
  const bar = h("progress", { max: "1", value: 0, "aria-label": `Upload of ${file.name}` });
  const now = h("div", {}, h("p", {}, "Sending."), bar);
  const stop = new AbortController();
  const cancel = button("Cancel", () => stop.abort(), { "aria-label": `Cancel ${file.name}` });
  const title = h("h3", {}, file.name);
  const place = h("section", { class: "card" }, title, now, cancel);
  (async () => {
    const id = await sendFile(file, options, bar, stop.signal);
    title.replaceChildren(link(file.name, `#/imports/${id}`));
    cancel.remove();
    changed();
    const done = await watch(id, signal, (one) => now.replaceChildren(progress(one)));
    changed();
    announce(`${file.name}: ${WORDS[done.status]}. ${summary(done)}`);
  })().catch((error) => {
    cancel.remove();
    if (stop.signal.aborted) now.replaceChildren(h("p", {}, "Not sent: nothing of it is imported."));
    else if (error.name !== "AbortError") now.replaceChildren(failure(error));
  });
  return place;
}

async function sendFile(file, options, bar, signal) {
  const announced = await call("POST", "/imports", { body: { filename: file.name, ...options }, signal });
  try {
    await put(announced.upload.url, file, (part) => { bar.value = part; }, signal);
  } catch (error) {
    await call("POST", `/imports/${announced.id}/cancel`).catch(() => null);
    throw error;
  }
  announce(`${file.name} is sent.`);
  return announced.id;
}

// ---- One import

export async function show(main, context) {
  const { signal, parts: [id], may } = context;
  const first = await call("GET", `/imports/${id}`, { signal });
  const now = h("div"), actions = h("div"), results = h("div");
  main.replaceChildren(h("p", {}, link("All imports", "#/imports")), h("h1", {}, fileOf(first)), now, actions, results);
  const tell = (one) => { now.replaceChildren(progress(one)); };
  tell(first);
  if (!first.finished_at && may("imports:write")) actions.append(canceller(first, actions));
  (async () => {
    const done = first.finished_at ? first : await watch(id, signal, tell);
    actions.replaceChildren();
    if (!first.finished_at) announce(`${fileOf(done)}: ${WORDS[done.status]}. ${summary(done)}`);
    await resultsOf(results, done, signal);
  })().catch((error) => error.name === "AbortError" || results.replaceChildren(failure(error)));
}

function canceller(one, place) {
  const pressed = button("Cancel the import", async () => {
    if (!(await confirmed(`Cancel ${fileOf(one)}?`, "What is loaded stays. The other rows come back as rejected, to be sent again.", "Cancel the import"))) return;
    await during(pressed, told, async () => {
      await call("POST", `/imports/${one.id}/cancel`);
      place.replaceChildren(h("p", { role: "status" }, "It loads nothing more, and counts what is left."));
    });
  }, { class: "danger" });
  const told = h("div");
  return h("div", { class: "buttons" }, pressed, told);
}

const summary = (one) => OUTCOMES.filter((name) => one.counts[name]).map((name) => `${count(one.counts[name])} ${name}`).join(", ");

function progress(one) {
  const seconds = one.started_at ? (Date.parse(one.finished_at ?? new Date().toISOString()) - Date.parse(one.started_at)) / 1000 : 0;
  const rate = seconds > 0 && one.counts.rows ? `${count(Math.round(one.counts.rows / seconds))} rows a second` : "";
  return h("section", { "aria-label": "Progress" },
    h("p", {}, h("span", { class: `status ${one.status}` }, WORDS[one.status]), one.finished_at ? "" : ` ${one.percent}%`,
      one.seconds_left ? `, about ${plural(one.seconds_left, "second")} left` : "", rate ? `, ${rate}` : ""),
    one.error ? h("p", { class: "message bad" }, one.error.detail) : null,
    one.finished_at ? null : h("progress", { max: "100", value: one.percent, "aria-label": "Loaded" }),
    one.counts.rows ? outcomes(one.counts) : null,
    h("dl", { class: "facts" },
      h("dt", {}, "Mode"), h("dd", {}, one.mode),
      h("dt", {}, "Begun"), h("dd", {}, time(one.created_at), one.created_by ? ` by ${one.created_by}` : ""),
      one.finished_at ? [h("dt", {}, "Ended"), h("dd", {}, time(one.finished_at))] : []));
}

/** The rows by outcome: as a picture, and in figures beside it. */
function outcomes(counts) {
  const part = (name, x, width) => {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [key, value] of Object.entries({ x, width, height: 10, class: `part ${name}` })) rect.setAttribute(key, value);
    return rect;
  };
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 100 10", preserveAspectRatio: "none", class: "bar", "aria-hidden": "true" })) picture.setAttribute(key, value);
  let x = 0;
  for (const name of OUTCOMES) {
    const width = (100 * counts[name]) / counts.rows;
    picture.append(part(name, x, width));
    x += width;
  }
  return h("div", { class: "outcomes" }, picture,
    h("ul", {}, h("li", {}, plural(counts.rows, "row")), OUTCOMES.map((name) => h("li", { class: name }, `${count(counts[name])} ${name}`))));
}

async function resultsOf(place, one, signal) {
  if (!one.counts.rejected) return;
  const report = await call("GET", `/imports/${one.id}/report`, { signal });
  const told = h("div");
  const download = button("Download rejected.csv", () => during(download, told, async () => {
    location.assign((await call("GET", `/imports/${one.id}/rejected`)).url);
  }), { class: "main" });
  place.replaceChildren(
    h("h2", {}, "Why rows were rejected"),
    h("table", { class: "narrow" },
      h("caption", { class: "quiet" }, "Rejected rows by reason"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Reason"), h("th", { scope: "col", class: "number" }, "Rows"))),
      h("tbody", {}, Object.entries(report.codes).sort((a, b) => b[1] - a[1])
        .map(([code, rows]) => h("tr", {}, h("td", {}, code.replaceAll("_", " ")), number(rows))))),
    h("h2", {}, "The rejected rows"),
    h("p", {}, "Correct them in the file, and import it as it is."),
    h("div", { class: "buttons" }, download, told),
    await rejectedRows(one.id, signal));
}

/** The rows as they stood in the file, the cell at fault marked. Its columns are those of the file. */
async function rejectedRows(id, signal) {
  const path = `/imports/${id}/rejected/rows`;
  const { columns } = await call("GET", `${path}?limit=1`, { signal });
  const cell = (index) => (row) => (row.column === index ? h("td", { class: "fault" }, h("mark", {}, row.cells[index] || "(empty)")) : row.cells[index] ?? "");
  return listOf({
    path, caption: "Rejected rows in the order of the file", one: "row", signal, empty: "There are none.",
    columns: [
      ["Line", (row) => number(row.line)],
      ["Reason", (row) => row.reason],
      ...columns.map((name, index) => [name, cell(index)]),
    ],
  });
}
