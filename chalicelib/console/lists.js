// Tables that grow as they are read, page after page, without ever counting what is to come.

import { call, query } from "./api.js";
import { announce, button, failure, h, nothing, plural } from "./dom.js";

/**
 * A table of what `path` lists: {path, filters, caption, columns: [[title, cell of an item]…], empty, one, signal, rowClass}.
 * It loads the next page as its end comes into sight, or when its button is pressed.
 */
export function listOf({ path, filters = {}, caption, columns, empty, one, signal, size = 100, ready = () => {} }) {
  const body = h("tbody");
  const end = h("div", { class: "end" });
  const table = h("table", { "aria-busy": "true" },
    h("caption", { class: "quiet" }, caption),
    h("thead", {}, h("tr", {}, columns.map(([title]) => h("th", { scope: "col" }, title)))),
    body);
  const place = h("div", { class: "list" },
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table), end);
  let cursor = null, loading = false, over = false;
  const seen = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && more(), { rootMargin: "600px" });
  signal.addEventListener("abort", () => seen.disconnect());

  async function more() {
    if (loading || over || signal.aborted) return;
    loading = true;
    table.setAttribute("aria-busy", "true");
    seen.unobserve(end);
    try {
      const page = await call("GET", path + query({ ...filters, limit: size, cursor }), { signal });
      ready(page);
      body.append(...page.items.map((item) => h("tr", {}, columns.map(([, cell]) => cellOf(cell(item))))));
      cursor = page.next;
      over = !cursor;
      told();
    } catch (error) {
      if (error.name !== "AbortError") end.replaceChildren(failure(error, () => { end.replaceChildren(); more(); }));
    } finally {
      loading = false;
      table.setAttribute("aria-busy", "false");
    }
  }

  function told() {
    const shown = body.rows.length;
    if (!shown) {
      place.replaceChildren(typeof empty === "string" ? nothing(empty) : empty());
      announce(typeof empty === "string" ? empty : "Nothing found.");
      return;
    }
    const said = `${plural(shown, one)} shown${over ? ", that is all" : ""}`;
    end.replaceChildren(h("span", { class: "quiet" }, said + "."), over ? "" : button("Show more", more));
    announce(said);
    if (!over) seen.observe(end);
  }

  more();
  return place;
}

const cellOf = (content) => (content instanceof HTMLTableCellElement ? content : h("td", {}, content));
