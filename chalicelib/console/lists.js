// Tables that grow as they are read, page after page, without ever counting what is to come.

import { call, query } from "./api.js";
import { announce, button, failure, focusOn, h, nothing, plural, redraw, scrolling } from "./dom.js";

/**
 * A table of what `path` lists: {path, filters, caption, columns: [[title, cell of an item, class]…], empty, one, signal}.
 * It loads the next page as its end comes into sight, or when its button is pressed. `refused` is called with a 4xx:
 * true where that is shown elsewhere. The list's element has `again`, which reads it anew and leaves it in sight until then.
 */
export function listOf({
  path,
  filters = {},
  caption,
  columns,
  empty,
  one,
  signal,
  size = 100,
  refused = () => false,
}) {
  const body = h("tbody");
  const table = h(
    "table",
    { "aria-busy": "true" },
    h("caption", { class: "quiet" }, caption),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        columns.map(([title, , kind]) => h("th", { scope: "col", class: kind }, title)),
      ),
    ),
    body,
  );
  const told = h("span", { class: "quiet" }),
    wrong = h("div");
  const forth = button("Show more", () => more(), { hidden: true });
  const end = h("div", { class: "end" }, told, forth);
  const whole = [scrolling(caption, table), wrong, end];
  const place = h("div", { class: "list" }, whole);
  let cursor = null,
    loading = false,
    over = false,
    stale = false;
  const seen = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && more(), {
    rootMargin: "600px",
  });
  signal.addEventListener("abort", () => seen.disconnect());

  async function more(fresh = false) {
    if (loading && fresh) stale = true;
    if (loading || (over && !fresh) || signal.aborted) return;
    let onward = false;
    loading = true;
    table.setAttribute("aria-busy", "true");
    seen.unobserve(end);
    try {
      const part = fresh ? { limit: Math.min(500, Math.max(size, body.rows.length)) } : { limit: size, cursor };
      const page = await call("GET", path + query({ ...filters, ...part }), { signal });
      const rows = page.items.map((item) =>
        h(
          "tr",
          {},
          columns.map(([, cell, kind]) => cellOf(cell(item), kind)),
        ),
      );
      if (fresh) redraw(body, rows);
      else body.append(...rows);
      cursor = page.next;
      over = !cursor;
      onward = !over && !body.rows.length; // a page may be empty: what it looked at was others'
      if (!onward) tell();
    } catch (error) {
      if (error.name !== "AbortError") fail(error);
    } finally {
      loading = false;
      table.setAttribute("aria-busy", "false");
    }
    if (stale) {
      stale = false;
      await more(true);
    } else if (onward) await more();
  }

  function tell() {
    const shown = body.rows.length;
    wrong.replaceChildren();
    if (!shown) {
      redraw(place, typeof empty === "string" ? nothing(empty) : empty());
      announce(typeof empty === "string" ? empty : "Nothing found.");
      return;
    }
    if (!place.contains(table)) redraw(place, whole);
    const said = `${plural(shown, one)} shown${over ? ", that is all" : ""}`;
    told.textContent = `${said}.`;
    announce(said);
    if (over && document.activeElement === forth) focusOn(place.firstChild);
    forth.textContent = "Show more";
    forth.hidden = over;
    if (!over) seen.observe(end);
  }

  function fail(error) {
    if (!error.passing && refused(error)) return redraw(place);
    wrong.replaceChildren(failure(error));
    if (!body.rows.length) told.textContent = "";
    forth.textContent = "Try again";
    forth.hidden = !error.passing; // what was refused will be refused again
  }

  more();
  return Object.assign(place, { again: () => more(true) });
}

const cellOf = (content, kind) =>
  content instanceof HTMLTableCellElement ? content : h("td", { class: kind }, content);
