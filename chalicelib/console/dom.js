// Elements, and the few ways in which this page shows things. Text is always text: nothing here reads HTML.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "selected", "required", "multiple"]);

/** An element: h("a", {href, class, onclick, "aria-label"}, "text", child, …). Null children are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const button = (text, onclick, attributes = {}) => h("button", { type: "button", onclick, ...attributes }, text);
export const link = (text, href, attributes = {}) => h("a", { href, ...attributes }, text);

const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const numbers = new Intl.NumberFormat();
export const count = (number) => numbers.format(number);
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** A moment in the reader's own zone. */
export const time = (iso) => (iso ? h("time", { datetime: iso, title: iso }, moments.format(new Date(iso))) : "");

/** Says something to those who hear the page. */
export function announce(text) {
  const region = document.getElementById("live");
  if (region) region.textContent = text;
}

/** A message in the page: of what went wrong, or of what there is not. */
export const failure = (error, retry) =>
  h("div", { class: "message bad", role: "alert" }, h("p", {}, error.message), retry ? button("Try again", retry) : null);
export const nothing = (text, ...more) => h("div", { class: "message" }, h("p", {}, text), ...more);

/** Asks before something that cannot be undone; true for yes. */
export function confirmed(title, text, yes) {
  return new Promise((answer) => {
    const dialog = h("dialog", { "aria-labelledby": "confirm-title", class: "ask" },
      h("h2", { id: "confirm-title" }, title),
      h("p", {}, text),
      h("div", { class: "buttons" },
        button(yes, () => dialog.close("yes"), { class: "danger" }),
        button("Keep it", () => dialog.close(""), { autofocus: true })));
    dialog.addEventListener("close", () => { dialog.remove(); answer(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Runs a task that a button starts: the button waits, and what fails is told in `place`. */
export async function during(pressed, place, task) {
  pressed.disabled = true;
  place.replaceChildren();
  try {
    return await task();
  } catch (error) {
    if (error.name !== "AbortError") place.replaceChildren(failure(error));
    return undefined;
  } finally {
    pressed.disabled = false;
  }
}
