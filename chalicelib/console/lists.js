// Tables that load page after page as the user scrolls. They never count the items in advance.

import { call, query } from "./api.js";
import { announce, button, failure, focusOn, h, notice, plural, redraw, scrollable } from "./dom.js";

/** @import { Problem } from "./api.js" */
/** @import { Child, ListOptions } from "./types" */

/**
 * Creates a table of the items that `path` lists. It loads the next page when its end comes into sight, or when its
 * button is pressed. `onRefused` is called with a 4xx error, and returns true if it shows the error itself. `reload`
 * reads the list again and leaves the old rows in sight until then.
 * @template T
 * @param {ListOptions<T>} options
 * @returns {{place: HTMLElement, reload: () => Promise<void>}}
 */
export function listOf(options) {
  const { path, filters = {}, caption, columns, empty, noun, signal, size = 100, onRefused = () => false } = options;
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
        columns.map(([title, , className]) => h("th", { scope: "col", class: className }, title)),
      ),
    ),
    body,
  );
  const countText = h("span", { class: "quiet" });
  const errorPlace = h("div");
  const moreButton = button("Show more", () => load(), { hidden: true });
  const footer = h("div", { class: "end" }, countText, moreButton);
  const scroller = scrollable(caption, table);
  const parts = [scroller, errorPlace, footer];
  const place = h("div", { class: "list" }, parts);
  /** @type {string | null} */
  let cursor = null;
  let loading = false;
  let complete = false;
  let reloadQueued = false;
  const observer = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) load();
    },
    { rootMargin: "600px" },
  );
  signal.addEventListener("abort", () => observer.disconnect());

  /** Loads the next page, or with `fresh` the rows that are shown, again. */
  async function load(fresh = false) {
    if (loading && fresh) reloadQueued = true;
    if (loading || (complete && !fresh) || signal.aborted) return;
    let emptyPage = false;
    loading = true;
    table.setAttribute("aria-busy", "true");
    observer.unobserve(footer);
    try {
      const part = fresh ? { limit: Math.min(500, Math.max(size, body.rows.length)) } : { limit: size, cursor };
      /** @type {{items: T[], next: string | null}} */
      const page = await call("GET", path + query({ ...filters, ...part }), { signal });
      const rows = page.items.map((item) =>
        h(
          "tr",
          {},
          columns.map(([, content, className]) => toCell(content(item), className)),
        ),
      );
      if (fresh) redraw(body, rows);
      else body.append(...rows);
      cursor = page.next;
      complete = !cursor;
      emptyPage = !complete && !body.rows.length; // all items that the API looked at belong to others
      if (!emptyPage) showCount();
    } catch (error) {
      if (error.name !== "AbortError") showFailure(error);
    } finally {
      loading = false;
      table.setAttribute("aria-busy", "false");
    }
    if (reloadQueued) {
      reloadQueued = false;
      await load(true);
    } else if (emptyPage) await load();
  }

  function showCount() {
    const shown = body.rows.length;
    errorPlace.replaceChildren();
    if (!shown) {
      redraw(place, typeof empty === "string" ? notice(empty) : empty());
      announce(typeof empty === "string" ? empty : "Nothing found.");
      return;
    }
    if (!place.contains(table)) redraw(place, parts);
    const text = `${plural(shown, noun)} shown${complete ? ", end of list" : ""}`;
    countText.textContent = `${text}.`;
    announce(text);
    if (complete && document.activeElement === moreButton) focusOn(scroller);
    moreButton.textContent = "Show more";
    moreButton.hidden = complete;
    if (!complete) observer.observe(footer);
  }

  /** @param {Problem} error */
  function showFailure(error) {
    if (!error.transient && onRefused(error)) {
      redraw(place);
      return;
    }
    errorPlace.replaceChildren(failure(error));
    if (!body.rows.length) countText.textContent = "";
    moreButton.textContent = "Try again";
    moreButton.hidden = !error.transient; // a refused request would be refused again
  }

  load();
  return { place, reload: () => load(true) };
}

/** @type {(content: Child, className?: string) => HTMLTableCellElement} */
const toCell = (content, className) =>
  content instanceof HTMLTableCellElement ? content : h("td", { class: className }, content);
