// Tables that load page after page as the user scrolls. They never count the items in advance.

import { call, query } from "./api.js";
import { announce, button, failure, find, focusOn, h, notice, plural, redraw, scrollable, tableHead } from "./dom.js";

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
  #filtered = false; // the rows are still those of other filters
  #options;
  #body = h("tbody", { role: "rowgroup" });
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

  /**
   * Lists other items in place of the present ones, which stay in sight until then.
   * @param {Record<string, string>} filters
   */
  filter(filters) {
    this.#options = { ...this.#options, filters };
    this.#filtered = true;
    this.#complete = false;
    this.#load(true);
  }

  /** @param {ListOptions<T>} options */
  constructor(options) {
    const { caption, columns, signal, order } = options;
    this.#options = options;
    const head = tableHead(columns.map(([title, , className]) => [title, className]));
    if (order) makeSortable(find(head, "th"), order);
    for (const type of /** @type {const} */ (["click", "auxclick"])) this.#body.addEventListener(type, openRow);
    const title = h("caption", { class: "quiet" }, caption);
    // The roles are those of the elements. Browsers forget them where the style makes cards of the rows.
    this.#table = h("table", { role: "table", "aria-busy": "true" }, title, head, this.#body);
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
      emptyPage = !this.#complete && !this.#body.rows.length && !this.#options.inParts;
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
    const { path, filters = {}, load, columns, signal, size = 100 } = this.#options;
    const filtered = this.#filtered;
    const from = fresh || filtered ? null : this.#cursor;
    const limit = fresh && !filtered ? Math.min(500, Math.max(size, this.#body.rows.length)) : size;
    /** @type {{items: T[], next: string | null}} */
    const page = await (load?.(limit, from) ??
      call("GET", path + query({ ...filters, limit, cursor: from }), { signal }));
    if (filters !== (this.#options.filters ?? filters)) return; // others are wanted meanwhile: `reload` is queued
    const rows = page.items.map((item) =>
      h(
        "tr",
        { role: "row" },
        columns.map(([title, content, className], i) => toCell(i === 0, content(item), title, className)),
      ),
    );
    if (from === null) redraw(this.#body, rows);
    else this.#body.append(...rows);
    this.#filtered = false;
    this.#cursor = page.next;
    this.#complete = !this.#cursor;
  }

  #showCount() {
    const { empty, noun, inParts } = this.#options;
    const shown = this.#body.rows.length;
    this.#errorPlace.replaceChildren();
    if (!shown && this.#complete) {
      redraw(this.place, typeof empty === "string" ? notice(empty) : empty());
      this.#announce(typeof empty === "string" ? empty : "Nothing found.");
      return;
    }
    if (!this.place.contains(this.#table)) redraw(this.place, this.#parts);
    const partly = inParts && !this.#complete;
    const text = partly
      ? `${plural(shown, noun)} found in the part that was searched`
      : `${plural(shown, noun)} shown${this.#complete ? ", end of list" : ""}`;
    this.#countText.textContent = `${text}.`;
    this.#announce(text);
    if (this.#complete && document.activeElement === this.#moreButton) focusOn(this.#scroller);
    this.#moreButton.textContent = partly ? "Search further" : "Show more";
    this.#moreButton.hidden = this.#complete;
    if (!this.#complete && !partly) this.#observer.observe(this.#footer);
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

/**
 * Creates a cell; the first one of a row names it.
 * @type {(first: boolean, content: Child, title: string, className?: string) => HTMLTableCellElement}
 */
function toCell(first, content, title, className) {
  const attributes = first ? { scope: "row", role: "rowheader" } : { role: "cell" };
  const cell =
    content instanceof HTMLTableCellElement
      ? content
      : h(first ? "th" : "td", { class: className, ...attributes }, content);
  cell.dataset.title = title; // shown beside the cell on a narrow screen
  return cell;
}

/**
 * Makes a button of a column's title, which lists the items by that column from its other end.
 * @type {(head: HTMLElement, order: NonNullable<ListOptions<any>["order"]>) => void}
 */
function makeSortable(head, order) {
  let { descending } = order;
  const mark = () => head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const press = () => {
    descending = !descending;
    mark();
    order.onChange(descending);
  };
  head.replaceChildren(button(head.textContent ?? "", press, { class: "sort" }));
  mark();
}

/**
 * Follows the link that names a row, wherever in the row the user presses. The keyboard meets that one link; text can
 * be selected, and other controls do what they do.
 * @param {MouseEvent} event
 */
function openRow(event) {
  const pressed = /** @type {Element} */ (event.target);
  if (pressed.closest("a, button, input, select, label, summary") || getSelection()?.type === "Range") return;
  const link = pressed.closest("tr")?.cells[0]?.querySelector("a");
  if (!link || (event.type === "auxclick" && event.button !== 1)) return;
  link.focus({ preventScroll: true }); // Back finds it again
  const { ctrlKey, metaKey, shiftKey, button } = event;
  link.dispatchEvent(
    new MouseEvent("click", { ctrlKey: ctrlKey || button === 1, metaKey, shiftKey, cancelable: true }),
  );
}
