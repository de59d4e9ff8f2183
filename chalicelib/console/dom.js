// Element helpers, and the few ways in which this page shows things. Nothing here parses HTML: text stays text.

/** @import { Attributes, Child, FieldError } from "./types" */

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "selected", "required", "multiple"]);

/**
 * Creates an element: h("a", {href, class, "aria-label"}, "text", child, …). Children are nodes, strings, and lists of
 * these, nested or not; null and undefined are left out. Throws TypeError for any other child.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (PROPERTIES.has(name)) Object.assign(element, { [name]: value });
    else if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...flatten(children));
  return element;
}

/**
 * Flattens children to nodes and strings: the browser would show other values as text such as "[object Object]".
 * @param {readonly unknown[]} children
 * @returns {(Node | string)[]}
 */
function flatten(children) {
  return children
    .flat(Number.POSITIVE_INFINITY)
    .filter((child) => child !== null && child !== undefined)
    .map((child) => {
      if (typeof child === "string" || child instanceof Node) return child;
      throw new TypeError(`A child must be a node or a string, not ${typeof child}.`);
    });
}

/**
 * Creates a button; `onPress` is called with the button.
 * @param {string} text
 * @param {(button: HTMLButtonElement) => unknown} onPress
 * @param {Attributes} [attributes]
 */
export function button(text, onPress, attributes = {}) {
  const element = h("button", { type: "button", ...attributes }, text);
  element.addEventListener("click", () => onPress(element));
  return element;
}

/** @type {(text: string, href: string, attributes?: Attributes) => HTMLAnchorElement} */
export const link = (text, href, attributes = {}) => h("a", { href, ...attributes }, text);

const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const numberFormat = new Intl.NumberFormat();
/** @param {number} number */
export const formatNumber = (number) => numberFormat.format(number);
const dollarFormat = new Intl.NumberFormat(undefined, { style: "currency", currency: "USD" });
/** @param {number} dollars */
export const formatDollars = (dollars) => dollarFormat.format(dollars);
/** @type {(number: number, singular: string, plural?: string) => string} */
export const plural = (number, singular, many = `${singular}s`) =>
  `${formatNumber(number)} ${number === 1 ? singular : many}`;

/**
 * Shows a time in the reader's time zone; "" for null.
 * @param {string | null} iso
 */
export const time = (iso) => (iso ? h("time", { datetime: iso, title: iso }, dateFormat.format(new Date(iso))) : "");

/**
 * Wraps a table so that it scrolls by itself while it is wider than the screen. Only then is it a stop of the tab key,
 * which scrolls it.
 * @type {(label: string, table: HTMLTableElement) => HTMLElement}
 */
export function scrollable(label, table) {
  const place = h("div", { class: "scroll" }, table);
  const observer = new ResizeObserver(() => {
    const wide = place.scrollWidth > place.clientWidth;
    if (wide === place.classList.contains("wide")) return;
    place.classList.toggle("wide", wide);
    for (const [name, value] of Object.entries({ tabindex: "0", role: "region", "aria-label": label })) {
      if (wide) place.setAttribute(name, value);
      else place.removeAttribute(name);
    }
  });
  observer.observe(place);
  observer.observe(table);
  return place;
}

/** @param {string} text for screen readers alone */
const unseen = (text) => h("span", { class: "unseen" }, text);

/**
 * Creates the head of a table.
 * @param {(readonly [title: string, className?: string])[]} columns
 */
export const tableHead = (columns) =>
  h(
    "thead",
    { role: "rowgroup" },
    h(
      "tr",
      { role: "row" },
      columns.map(([title, className]) =>
        h("th", { scope: "col", role: "columnheader", class: className }, title || unseen("Actions")),
      ),
    ),
  );

const SPOKEN_MS = 10_000;

/**
 * Says a text to users of a screen reader: in the open dialog, outside of which nothing is said.
 * @param {string} text
 */
export function announce(text) {
  const region = [...document.querySelectorAll("#live, dialog[open] > .live")].at(-1);
  if (region) sayIn(region, text);
}

/**
 * Says a text in a live region. It is gone a while later: who reads the page then does not meet it.
 * @type {(region: Element, text: string) => void}
 */
export function sayIn(region, text) {
  const said = h("span", {}, text);
  region.replaceChildren(said);
  setTimeout(() => said.remove(), SPOKEN_MS);
}

/**
 * A button that copies a text; `what` names it.
 * @type {(text: string, what: string) => HTMLButtonElement}
 */
export const copyButton = (text, what) =>
  button(`Copy ${what}`, async (pressed) => {
    try {
      await navigator.clipboard.writeText(text); // browsers have no clipboard for pages without TLS
      pressed.textContent = "Copied";
    } catch {
      pressed.textContent = `Copying failed: select the ${what} and copy it yourself`;
    }
    announce(pressed.textContent);
  });

/**
 * Shows an error, with links to the members that have what was asked for, and a button to try again if `retry` is given.
 * @param {{message: string, errors?: FieldError[]}} error
 * @param {(() => unknown) | null} [retry]
 */
export function failure({ message, errors = [] }, retry) {
  const holders = new Set(errors.flatMap(({ member }) => member?.id ?? []));
  return h(
    "div",
    { class: "message bad", role: "alert" },
    h("p", {}, message),
    [...holders].map((id) => h("p", {}, link("Show that member", `#/members/${id}`))),
    retry ? button("Try again", () => retry()) : null,
  );
}

/** @type {(text: string, ...more: Child[]) => HTMLElement} */
export const notice = (text, ...more) => h("div", { class: "message" }, h("p", {}, text), ...more);

/**
 * Finds the element that the code itself put there.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function find(root, selector) {
  const element = root.querySelector(selector);
  if (element instanceof HTMLElement) return element;
  throw new TypeError(`There is no ${selector}.`);
}

// ---- Replacing content without losing the focus

const CONTROLS = "a, button, input, select, [tabindex]";
/** @param {Element} element */
const labelOf = (element) => element.getAttribute("aria-label") || element.getAttribute("name") || element.textContent;

/**
 * Returns the focused element, if `place` contains it.
 * @param {Element} place
 */
export const focusedIn = (place) =>
  document.activeElement instanceof HTMLElement && place.contains(document.activeElement)
    ? document.activeElement
    : null;

/**
 * Replaces the children of `place`, given as to `h`. The focus stays on the control with the same name; without one it
 * goes to the nearest heading. The place of a view also sets the title of the page.
 * @param {HTMLElement} place
 * @param {...Child} children
 */
export function redraw(place, ...children) {
  const focused = focusedIn(place);
  place.replaceChildren(...flatten(children));
  if (focused && !focused.isConnected) {
    /** @type {HTMLElement[]} */
    const controls = [...place.querySelectorAll(CONTROLS)].filter((one) => one instanceof HTMLElement);
    const same = controls.find((one) => one.tagName === focused.tagName && labelOf(one) === labelOf(focused));
    focusOn(same ?? nearestHeading(place));
  }
  if (place.matches("#main > *")) setTitle(place);
}

/** @param {HTMLElement} place */
function nearestHeading(place) {
  for (let ancestor = /** @type {HTMLElement | null} */ (place); ancestor; ancestor = ancestor.parentElement) {
    const heading = ancestor.querySelector("h1, h2, h3");
    if (heading instanceof HTMLElement) return heading;
  }
  return document.body;
}

/** @param {HTMLElement} element */
export function focusOn(element) {
  if (!element.matches("input, select, button, a[href], [tabindex]")) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

/**
 * Sets the title of the page to the heading of a view.
 * @param {HTMLElement} place
 */
export function setTitle(place) {
  const heading = place.querySelector("h1");
  if (heading) document.title = `${heading.textContent} – Rollcall`;
}

/**
 * Runs the task that a button starts, and shows its failure in `place`. Until the task ends, the button does nothing.
 * It is not disabled, because that would take the focus from it.
 * @param {HTMLElement} pressed
 * @param {HTMLElement} place
 * @param {() => unknown} task
 */
export async function whileBusy(pressed, place, task) {
  if (pressed.ariaDisabled === "true") return;
  pressed.ariaDisabled = "true";
  place.replaceChildren();
  try {
    await task();
  } catch (error) {
    if (error.name !== "AbortError") place.replaceChildren(failure(error));
  } finally {
    pressed.ariaDisabled = null;
  }
}
