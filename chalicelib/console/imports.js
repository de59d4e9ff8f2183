// Imports: send rosters, watch them, and see what came of every row.

import { accountField, only } from "./accounts.js";
import { call } from "./api.js";
import { confirmed } from "./dialogs.js";
import { announce, button, count, during, failure, h, link, redraw, time } from "./dom.js";
import { clearErrors, field, fieldValue, showError } from "./forms.js";
import { listOf } from "./lists.js";
import { fileOf, MODES, modeOf, progressOf, summary, WORDS, watch } from "./progress.js";
import { resultsOf } from "./report.js";
import * as uploads from "./uploads.js";

// ---- The list, and sending files

export function list(place, { me, may, signal }) {
  const past = pastImports(signal);
  uploads.tidy();
  uploads.told.addEventListener("change", past.again, { signal });
  redraw(
    place,
    h("h1", {}, "Imports"),
    ...(may("imports:write") ? [sender(me, signal)] : []),
    uploads.cards,
    h("h2", {}, "All imports"),
    past,
  );
}

const pastImports = (signal) =>
  listOf({
    path: "/imports",
    caption: "Imports, the newest first",
    one: "import",
    signal,
    size: 50,
    columns: [
      ["File", (one) => link(fileOf(one), `#/imports/${one.id}`)],
      ["Status", (one) => h("span", { class: `status ${one.status}` }, WORDS[one.status])],
      ["Task", modeOf],
      ["Rows", (one) => count(one.counts.rows), "number"],
      ["Rejected", (one) => count(one.counts.rejected), "number"],
      ["Begun", (one) => time(one.created_at)],
      ["By", (one) => one.created_by ?? "a drop"],
    ],
    empty: "There are no imports yet.",
  });

/** The form that takes files: chosen, or dropped anywhere on the page. */
function sender(me, signal) {
  const files = field({
    name: "files",
    label: "Choose files, or drop them anywhere on this page",
    type: "file",
    multiple: true,
    accept: ".csv,.gz",
    hint: "CSV files, also .csv.gz, of up to 5 GB. Sending begins when they are chosen.",
  });
  const form = h(
    "form",
    { class: "drop" },
    field({ name: "mode", label: "What should happen", options: MODES }),
    accountField(me, "imports:write", only(me, "imports:write"), {
      label: "Account (if given, rows of other accounts are rejected)",
    }),
    files,
  );
  const take = (chosen) => {
    clearErrors(form);
    const options = { mode: fieldValue(form, "mode"), account_id: fieldValue(form, "account_id").trim() || undefined };
    const wrong = chosen.filter((file) => !/\.csv(\.gz)?$/i.test(file.name));
    for (const file of chosen) if (!wrong.includes(file)) uploads.send(file, options);
    if (!wrong.length) return;
    const text = `${wrong.map((file) => file.name).join(", ")}: not a CSV file, and not sent. Save it as CSV first.`;
    showError(form, "files", text);
    announce(text);
  };
  const input = files.querySelector("input");
  input.addEventListener("change", () => {
    const chosen = [...input.files];
    input.value = "";
    take(chosen);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const type of ["dragover", "dragleave", "drop"]) {
    addEventListener(
      type,
      (event) => {
        form.classList.toggle("over", type === "dragover");
        if (type === "drop") take([...event.dataTransfer.files]);
      },
      { signal },
    );
  }
  return form;
}

// A file that is dropped beside the form would else be opened in place of the page.
for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());

// ---- One import

export async function show(place, context) {
  const {
    signal,
    parts: [id],
    may,
  } = context;
  const first = await call("GET", `/imports/${id}`, { signal });
  const progress = progressOf(Boolean(first.finished_at)),
    actions = h("div"),
    results = h("div");
  progress.tell(first);
  redraw(
    place,
    h("p", {}, link("All imports", "#/imports")),
    h("h1", {}, fileOf(first)),
    progress.place,
    actions,
    results,
  );
  if (!first.finished_at && may("imports:write")) actions.append(canceller(first, actions));
  const read = async () => {
    try {
      const done = first.finished_at ? first : await watch(id, signal, progress);
      redraw(actions);
      if (!first.finished_at) announce(`${fileOf(done)}: ${WORDS[done.status]}. ${summary(done)}`);
      await resultsOf(results, done, signal);
    } catch (error) {
      if (error.name !== "AbortError") redraw(results, failure(error, error.passing ? read : null));
    }
  };
  read();
}

function canceller(one, place) {
  const told = h("div");
  const pressed = button(
    "Cancel the import",
    async () => {
      if (
        !(await confirmed(
          `Cancel ${fileOf(one)}?`,
          "What is loaded stays. The other rows come back as rejected, to be sent again.",
          "Cancel the import",
          "Let it go on",
        ))
      )
        return;
      await during(pressed, told, async () => {
        await call("POST", `/imports/${one.id}/cancel`);
        const text = "It loads nothing more, and counts what is left.";
        redraw(place, h("p", {}, text));
        announce(text);
      });
    },
    { class: "danger" },
  );
  return h("div", { class: "buttons" }, pressed, told);
}
