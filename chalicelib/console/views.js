// The views: the one of the current address, and those kept for Back. Each draws in a place of its own, so that a late
// response never draws into another view.

import { closeAll, mayLeave, stayHere } from "./dialogs.js";
import { failure, find, focusedIn, focusOn, h, redraw, setTitle } from "./dom.js";
import { followAddress } from "./header_account.js";
import { resolve } from "./routes.js";
import { leaveToast } from "./toasts.js";
import { forgetUnsaved } from "./unsaved.js";

/** @import { May, Me, View } from "./types" */

const MAX_KEPT = 5;
/** @type {View | null} */
let current = null;
/** @type {View[]} */
let kept = []; // for Back, the latest first
/** @type {{me: Me, may: May} | null} */
let user = null;
let moves = 0; // from one address to another, also those that the user takes back

/**
 * Shows the view of the current address to a user, and follows the address from then on.
 * @type {(me: Me, may: May) => Promise<void>}
 */
export function openViews(me, may) {
  user = { me, may };
  return route();
}

/** Stops and forgets all views. */
export function closeViews() {
  for (const view of [...kept, current]) view?.controller.abort();
  kept = [];
  current = null;
  user = null;
}

/**
 * The current entry in the browser's history. A new one follows that of the current view.
 * @returns {{entry: string, index: number}}
 */
function historyEntry() {
  const state = { entry: `${Date.now()} ${Math.random()}`, index: (current?.index ?? -1) + 1 };
  if (!history.state?.entry) history.replaceState(state, "");
  return history.state;
}

/** @param {Event} [event] */
async function route(event) {
  if (!user) return;
  const move = ++moves;
  const { entry, index } = historyEntry();
  if (event?.isTrusted && entry === current?.entry) return stayHere(); // the browser is back at the edits
  if (entry !== current?.entry && !(await mayLeave())) {
    if (move === moves) returnTo(current); // else the browser has gone elsewhere, and that was the answer
    return;
  }
  if (!user) return; // signed out meanwhile
  closeAll();
  leaveToast();
  const last = current;
  if (last) leave(last, entry);
  const back = kept.find((view) => view.entry === entry);
  const view = back ?? createView(entry, index, user);
  current = view;
  markMenu(view.key);
  followAddress();
  const main = find(document, "#main");
  if (!back) {
    main.setAttribute("aria-busy", "true");
    try {
      await view.show(view.place, view.context);
    } catch (error) {
      if (error.name !== "AbortError")
        redraw(view.place, h("h1", {}, failureTitle(error.status)), failure(error, error.transient ? route : null));
    }
    if (current !== view) return; // the user has left it meanwhile
  }
  display(main, view, last);
}

/** @type {(status: number) => string} */
const failureTitle = (status) =>
  ({ 403: "No permission", 404: "Nothing has this address" })[status] ?? "Something went wrong";

/**
 * Goes back, or forward, to the address of the view that the user does not leave.
 * @param {View | null} view
 */
function returnTo(view) {
  const steps = view ? view.index - historyEntry().index : 0;
  if (steps) history.go(steps); // 0 would reload the page
}

/** @param {string | undefined} key */
function markMenu(key) {
  /** @type {NodeListOf<HTMLElement>} */
  const items = document.querySelectorAll("header a[data-key]");
  for (const item of items) {
    if (item.dataset.key === key) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
}

/**
 * Creates the view of the current address.
 * @type {(entry: string, index: number, user: {me: Me, may: May}) => View}
 */
function createView(entry, index, { me, may }) {
  const [path, search = ""] = location.hash.slice(1).split("?");
  const { show, key, keep, parts } = resolve(path, may);
  const controller = new AbortController();
  /** @type {View} */
  const view = {
    entry,
    index,
    place: h("div"),
    controller,
    show,
    key,
    keep,
    shown: false,
    scrolled: [],
    focused: null,
    context: {
      me,
      may,
      signal: controller.signal,
      query: new URLSearchParams(search),
      parts,
      /** Goes to the next address when a view is done, unless the user has left it. Back does not find the view again. */
      navigateAway(address) {
        view.keep = false;
        forgetUnsaved(view.place);
        if (current !== view) return drop(view);
        // What is said next waits for the next view.
        if (location.hash !== address) find(document, "#main").setAttribute("aria-busy", "true");
        location.hash = address;
      },
      /** Changes the address of the view to the new one of what it shows. */
      replaceAddress(address) {
        if (current === view) history.replaceState(history.state, "", address);
      },
    },
  };
  return view;
}

/** @type {(view: View, entry: string) => void} */
function leave(view, entry) {
  view.scrolled = scrollPositions(view.place);
  view.focused = focusedIn(view.place);
  if (!view.keep || !view.shown || view.entry === entry) {
    drop(view);
    return;
  }
  kept = [view, ...kept.filter((one) => one !== view)];
  for (const old of kept.slice(MAX_KEPT)) drop(old);
}

/**
 * How far the page and the tables of a view are scrolled: elements lose this when they leave the page.
 * @param {HTMLElement} place
 * @returns {View["scrolled"]}
 */
const scrollPositions = (place) =>
  [document.documentElement, ...place.querySelectorAll(".scroll")].map((element) => [
    element,
    element.scrollLeft,
    element.scrollTop,
  ]);

/** @param {View} view */
function drop(view) {
  view.controller.abort();
  kept = kept.filter((one) => one !== view);
}

/**
 * Displays a view, and moves the focus to where it was in it, else to the heading. The search field gets it back after
 * a search.
 * @type {(main: HTMLElement, view: View, last: View | null) => void}
 */
function display(main, view, last) {
  const first = last?.show === view.show ? view.place.querySelector("[data-first]") : null;
  if (!view.shown) takeOver(last?.place.querySelector("[data-first][data-typed]"), first);
  const target = view.shown ? view.focused : first;
  main.replaceChildren(view.place);
  main.setAttribute("aria-busy", "false");
  view.shown = true;
  setTitle(view.place);
  scrollTo(0, 0);
  for (const [element, left, top] of view.scrolled) element.scrollTo(left, top);
  const focus = target?.isConnected ? target : view.place.querySelector("h1");
  if (focus instanceof HTMLElement) focusOn(focus);
}

/**
 * Takes over what was typed to search for and not sent, as before another account is chosen, or while that is read.
 * @type {(from: Element | null | undefined, to: Element | null) => void}
 */
function takeOver(from, to) {
  if (!(from instanceof HTMLInputElement && to instanceof HTMLInputElement)) return;
  to.value = from.value;
  to.dataset.typed = "";
}

history.scrollRestoration = "manual"; // the views restore it themselves, once they are drawn
addEventListener("hashchange", route);
