// Elements, and the few ways in which this page shows things. Text is always text: nothing here reads HTML.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "selected", "required", "multiple"]);

/**
 * Creates an element: h("a", {href, class, onclick, "aria-label"}, "text", child, …). Children are nodes, strings, and
 * lists of these, nested or not; null and undefined are left out. Throws TypeError for any other child.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...flatten(children));
  return element;
}

/** Nodes and strings only: the browser would show other values as text such as "[object Object]". */
function flatten(children) {
  const flat = children.flat(Infinity).filter((child) => child !== null && child !== undefined);
  for (const child of flat) {
    if (typeof child !== "string" && !(child instanceof Node))
      throw new TypeError(`A child must be a node or a string, not ${typeof child}.`);
  }
  return flat;
}

export const button = (text, onclick, attributes = {}) => h("button", { type: "button", onclick, ...attributes }, text);
export const link = (text, href, attributes = {}) => h("a", { href, ...attributes }, text);

const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const numbers = new Intl.NumberFormat();
export const count = (number) => numbers.format(number);
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** A moment in the reader's own zone. */
export const time = (iso) => (iso ? h("time", { datetime: iso, title: iso }, moments.format(new Date(iso))) : "");

/** A table that scrolls by itself where it is wider than the screen, with the keyboard too. */
export const scrolling = (label, table) =>
  h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);

/** Says something to those who hear the page. */
export function announce(text) {
  const region = document.getElementById("live");
  if (region) region.textContent = text;
}

/** A message in the page: of what went wrong, or of what there is not. */
export const failure = (error, retry) =>
  h(
    "div",
    { class: "message bad", role: "alert" },
    h("p", {}, error.message),
    retry ? button("Try again", retry) : null,
  );
export const nothing = (text, ...more) => h("div", { class: "message" }, h("p", {}, text), ...more);

// ---- Drawing anew without losing the reader

const CONTROLS = "a, button, input, select, [tabindex]";
const keyOf = (element) => element.getAttribute("aria-label") || element.name || element.textContent;

/**
 * Puts other children, as of `h`, into `place`. The focus stays on the control of the same name; where there is none any more, it
 * goes to the nearest heading. A view's place names the page as well.
 */
export function redraw(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  place.replaceChildren(...flatten(children));
  if (focused && !focused.isConnected) {
    const same = [...place.querySelectorAll(CONTROLS)].find(
      (one) => one.tagName === focused.tagName && keyOf(one) === keyOf(focused),
    );
    focusOn(same ?? headingOf(place));
  }
  if (place.matches("#main > *")) titled(place);
}

function headingOf(place) {
  for (let around = place; around; around = around.parentElement) {
    const heading = around.querySelector("h1, h2, h3");
    if (heading) return heading;
  }
  return document.body;
}

export function focusOn(element) {
  if (!element.matches("input, select, button, a[href], [tabindex]")) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

/** Names the page after its heading. */
export function titled(place) {
  const heading = place.querySelector("h1");
  if (heading) document.title = `${heading.textContent} – Rollcall`;
}

/**
 * Runs a task that a button starts; what fails is told in `place`. Until it ends, the button does nothing more. It is
 * not disabled: that would take the focus from it.
 */
export async function during(pressed, place, task) {
  if (pressed.ariaDisabled === "true") return undefined;
  pressed.ariaDisabled = "true";
  place.replaceChildren();
  try {
    return await task();
  } catch (error) {
    if (error.name !== "AbortError") place.replaceChildren(failure(error));
    return undefined;
  } finally {
    pressed.ariaDisabled = null;
  }
}
