// Messages over the page that say what was done. They stay until a person has had the time to act on them.

import { button, find, h, sayIn, whileBusy } from "./dom.js";

/**
 * Shows a message, and says it once the view has drawn. One that offers to undo stays until it is closed, the next one
 * comes or the action is undone; others also go with the view.
 * @param {string} text
 * @param {() => Promise<unknown>} [undo]
 */
export function toast(text, undo) {
  const messages = h("div");
  const place = h("section", { class: "toast", "aria-label": "Message" }, h("p", {}, text));
  const act = async () => {
    await undo?.();
    place.remove();
  };
  place.append(
    undo ? button("Undo", (pressed) => whileBusy(pressed, messages, act), { class: "main" }) : "",
    button("Close", () => place.remove(), { "aria-label": "Close the message" }),
    messages,
  );
  if (!undo) place.dataset.address = location.hash;
  removeToast();
  find(document, "#main").before(place); // one step back from the heading, which has the focus after a navigation
  sayOnceDrawn(text);
}

/** Removes the message, as what it offers to undo was undone elsewhere. */
export const removeToast = () => document.querySelector(".toast")?.remove();

/** Removes the message of another view. */
export function leaveToast() {
  /** @type {HTMLElement | null} */
  const place = document.querySelector(".toast[data-address]");
  if (place?.dataset.address !== location.hash) place?.remove();
}

/**
 * Says a text after what the view and its lists say: a screen reader may drop what is said before that. It has a live
 * region of its own, which they do not overwrite.
 * @param {string} text
 */
function sayOnceDrawn(text) {
  const main = find(document, "#main");
  const say = () => {
    if (main.matches("[aria-busy=true]") || main.querySelector("[aria-busy=true]")) return;
    observer.disconnect();
    sayIn(find(document, "#said"), text);
  };
  const observer = new MutationObserver(say);
  observer.observe(main, { subtree: true, childList: true, attributeFilter: ["aria-busy"] });
  setTimeout(say); // once a reload of the list that follows has begun
}
