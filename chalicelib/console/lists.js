// Tables that load page after page as the user scrolls. They never count the items in advance.

import { call, query } from "./api.js";
import { announce, button, failure, focusOn, h, notice, plural, redraw, scrollable, tableHead } from "./dom.js";

/** @import { Problem } from "./api.js" */
/** @import { Child, ListOptions } from "./types" */

/**
 * Creates a table of the items that `path` lists. It loads the next page when its end comes into sight, or when its
 * button is pressed. `onRefused` is called with a 4xx error, and returns true if it shows the error itself.
 * @template T
 * @param {ListOptions<T>} options
 */
export const listOf = (options) => new PagedTable(options);

/** @template T */
class PagedTable {
  /** @type {string | null} */
  #cursor = null;
  #loading = false;
  #complete = false;
  #reloadQueued = false;
  #options;
  #body = h("tbody");
  #countText = h("span", { class: "quiet" }, "Loading…");
  #errorPlace = h("div");
  #moreButton = button("Show more", () => this.#load(), { hidden: true });
  #footer = h("div", { class: "end" }, this.#countText, this.#moreButton);
  #observer = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) this.#load();
    },
    { rootMargin: "600px" },
  );

  #table;
  #scroller;
  #parts;

  /** Reads the list again, and leaves the old rows in sight until then. */
  reload = () => this.#load(true);

  /** @param {ListOptions<T>} options */
  constructor(options) {
    const { caption, columns, signal } = options;
    this.#options = options;
    const head = tableHead(columns.map(([title, , className]) => [title, className]));
    this.#table = h("table", { "aria-busy": "true" }, h("caption", { class: "quiet" }, caption), head, this.#body);
    this.#scroller = scrollable(caption, this.#table);
    this.#parts = [this.#scroller, this.#errorPlace, this.#footer];
    this.place = h("div", { class: "list" }, this.#parts);
    signal.addEventListener("abort", () => this.#observer.disconnect());
    this.#load();
  }

  /**
   * Loads the next page, or with `fresh` the rows that are shown, again.
   * @returns {Promise<void>}
   */
  async #load(fresh = false) {
    if (this.#loading && fresh) this.#reloadQueued = true;
    if (this.#loading || (this.#complete && !fresh) || this.#options.signal.aborted) return;
    let emptyPage = false;
    this.#loading = true;
    this.#table.setAttribute("aria-busy", "true");
    if (!this.#body.rows.length) this.#countText.textContent = "Loading…"; // no rows are no empty list yet
    this.#observer.unobserve(this.#footer);
    try {
      await this.#addPage(fresh);
      // All items that the API looked at may belong to others.
      emptyPage = !this.#complete && !this.#body.rows.length;
      if (!emptyPage) this.#showCount();
    } catch (error) {
      if (error.name !== "AbortError") this.#showFailure(error);
    } finally {
      this.#loading = false;
      this.#table.setAttribute("aria-busy", "false");
    }
    if (this.#reloadQueued) {
      this.#reloadQueued = false;
      await this.#load(true);
    } else if (emptyPage) await this.#load();
  }

  /** @param {boolean} fresh */
  async #addPage(fresh) {
    const { path, filters = {}, columns, signal, size = 100 } = this.#options;
    const part = fresh
      ? { limit: Math.min(500, Math.max(size, this.#body.rows.length)) }
      : { limit: size, cursor: this.#cursor };
    /** @type {{items: T[], next: string | null}} */
    const page = await call("GET", path + query({ ...filters, ...part }), { signal });
    const rows = page.items.map((item) =>
      h(
        "tr",
        {},
        columns.map(([title, content, className]) => toCell(content(item), title, className)),
      ),
    );
    if (fresh) redraw(this.#body, rows);
    else this.#body.append(...rows);
    this.#cursor = page.next;
    this.#complete = !this.#cursor;
  }

  #showCount() {
    const { empty, noun } = this.#options;
    const shown = this.#body.rows.length;
    this.#errorPlace.replaceChildren();
    if (!shown) {
      redraw(this.place, typeof empty === "string" ? notice(empty) : empty());
      this.#announce(typeof empty === "string" ? empty : "Nothing found.");
      return;
    }
    if (!this.place.contains(this.#table)) redraw(this.place, this.#parts);
    const text = `${plural(shown, noun)} shown${this.#complete ? ", end of list" : ""}`;
    this.#countText.textContent = `${text}.`;
    this.#announce(text);
    if (this.#complete && document.activeElement === this.#moreButton) focusOn(this.#scroller);
    this.#moreButton.textContent = "Show more";
    this.#moreButton.hidden = this.#complete;
    if (!this.#complete) this.#observer.observe(this.#footer);
  }

  /**
   * Says something, unless the user has left the view, which is kept for Back.
   * @param {string} text
   */
  #announce(text) {
    if (!this.#options.quiet && this.place.isConnected) announce(text);
  }

  /** @param {Problem} error */
  #showFailure(error) {
    if (!error.transient && this.#options.onRefused?.(error)) {
      redraw(this.place);
      return;
    }
    this.#errorPlace.replaceChildren(failure(error));
    if (!this.#body.rows.length) this.#countText.textContent = "";
    this.#moreButton.textContent = "Try again";
    this.#moreButton.hidden = !error.transient; // a refused request would be refused again
  }
}

/** @type {(content: Child, title: string, className?: string) => HTMLTableCellElement} */
function toCell(content, title, className) {
  const cell = content instanceof HTMLTableCellElement ? content : h("td", { class: className }, content);
  cell.dataset.title = title; // shown beside the cell on a narrow screen
  return cell;
}
