// The shell: the signed-in user, the menu, and the view of the current address.

import { may } from "./accounts.js";
import { call } from "./api.js";
import { closeAll, confirmed, mayLeave, stayHere } from "./dialogs.js";
import { announce, button, failure, find, focusedIn, focusOn, h, link, plural, redraw, setTitle } from "./dom.js";
import { accountChoice, followAddress } from "./header_account.js";
import { menu, resolve } from "./routes.js";
import { session } from "./session.js";
import { changePassword, signInAgain, signInForm } from "./signin.js";
import { leaveToast } from "./toasts.js";
import { forgetUnsaved, hasUnsaved } from "./unsaved.js";
import * as uploads from "./uploads.js";

/** @import { Child, May, Me, View } from "./types" */

/** @type {Me | null} */
let me = null;
/** @type {May} */
const allowed = (permission, account) => me !== null && may(me, permission, account);

/** @param {Me} user */
function drawShell(user) {
  const { name } = user;
  const main = h("main", { id: "main", tabindex: "-1" });
  document.body.replaceChildren(
    button("Skip to the content", () => main.focus(), { class: "skip" }),
    h(
      "header",
      {},
      brand(link("", "#/", { class: "brand", "data-key": "home" })),
      accountChoice(user),
      h(
        "nav",
        { "aria-label": "Main" },
        menu(allowed).map(({ key, text, address }) => link(text, address, { "data-key": key })),
      ),
      h(
        "span",
        { class: "who" },
        name,
        button("Password", () => changePassword(name)),
        button("Sign out", signOut),
      ),
    ),
    main,
    ...liveRegions(),
  );
}

/**
 * Puts the mark and the name into an element. The mark is the icon of the page, which takes no request of its own.
 * @template {HTMLElement} T
 * @param {T} place
 */
function brand(place) {
  const src = document.querySelector("link[rel=icon]")?.getAttribute("href");
  place.append(h("img", { src, alt: "", width: 28, height: 28 }), "Rollcall");
  return place;
}

/** What the views and their lists say, and what messages say after them. */
const liveRegions = () => ["live", "said"].map((id) => h("div", { id, role: "status", class: "unseen" }));

// ---- Views. Each draws in a place of its own, so that a late response never draws into another view.

const MAX_KEPT = 5;
/** @type {View | null} */
let current = null;
/** @type {View[]} */
let kept = []; // for Back, the latest first

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
  if (!me) return;
  const { entry, index } = historyEntry();
  if (event?.isTrusted && entry === current?.entry) return stayHere(); // the browser is back at the edits
  if (entry !== current?.entry && !(await mayLeave())) return returnTo(current);
  closeAll();
  leaveToast();
  const last = current;
  if (last) leave(last, entry);
  const back = kept.find((view) => view.entry === entry);
  const view = back ?? createView(entry, index, me);
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
        redraw(view.place, h("h1", {}, "Something went wrong"), failure(error, error.transient ? route : null));
    }
    if (current !== view) return; // the user has left it meanwhile
  }
  display(main, view, last);
}

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
 * @type {(entry: string, index: number, me: Me) => View}
 */
function createView(entry, index, me) {
  const [path, search = ""] = location.hash.slice(1).split("?");
  const { show, key, keep, parts } = resolve(path, allowed);
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
    scrolled: 0,
    focused: null,
    context: {
      me,
      may: allowed,
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
  view.scrolled = scrollY;
  view.focused = focusedIn(view.place);
  if (!view.keep || !view.shown || view.entry === entry) {
    drop(view);
    return;
  }
  kept = [view, ...kept.filter((one) => one !== view)];
  for (const old of kept.slice(MAX_KEPT)) drop(old);
}

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
  const target = view.shown ? view.focused : first;
  main.replaceChildren(view.place);
  main.setAttribute("aria-busy", "false");
  view.shown = true;
  setTitle(view.place);
  scrollTo(0, view.scrolled);
  const focus = target?.isConnected ? target : view.place.querySelector("h1");
  if (focus instanceof HTMLElement) focusOn(focus);
}

// ---- Signing in and out

function showSignIn(message = "") {
  endSession();
  session.leaveTab();
  document.title = "Sign in – Rollcall";
  drawPage(brand(h("h1", { class: "brand" })), h("p", { class: "quiet", role: "status" }, message), signInForm(start));
  find(document, "input").focus();
}

/**
 * Draws a page without the shell.
 * @param {...Child} children
 */
const drawPage = (...children) =>
  document.body.replaceChildren(h("main", { id: "main", class: "sign-in" }, children), ...liveRegions());

/** Stops everything that runs for the user. Resolves when the API has cancelled the uploads. */
function endSession() {
  for (const view of [...kept, current]) view?.controller.abort();
  kept = [];
  me = null;
  current = null;
  return uploads.stopAll();
}

async function signOut() {
  const count = uploads.unsentCount();
  const text = `${plural(count, "file")} not sent yet will not be imported.`;
  if (count && !(await confirmed("Sign out?", text, "Sign out", "Stay"))) return;
  if (hasUnsaved() && !(await mayLeave())) return;
  const { tokens } = session;
  const stopped = endSession();
  session.end();
  history.replaceState(null, "", location.pathname);
  showSignIn("You are signed out.");
  await stopped;
  // Otherwise they expire.
  await Promise.allSettled(tokens.map((token) => call("DELETE", "/sessions", { token })));
}

/** @param {Me} user */
async function start(user) {
  me = user;
  drawShell(user);
  await route();
  announce(`Signed in as ${user.name}.`);
}

/** @type {Promise<boolean> | null} */
let signingInAgain = null; // all calls wait for the same dialog

session.renew = async (refused) => {
  const caller = me;
  await session.pending;
  if (!me || me !== caller) return false;
  if (session.token && session.token !== refused) return true;
  signingInAgain ??= askToSignInAgain(me).finally(() => {
    signingInAgain = null;
  });
  return signingInAgain;
};

/** @param {Me} caller */
async function askToSignInAgain(caller) {
  const user = await signInAgain(caller.name);
  if (user?.name === caller.name) {
    Object.assign(caller, user);
    return true;
  }
  // Another user must not see anything of the first one's.
  const { token, kept } = session;
  history.replaceState(null, "", location.pathname);
  if (!user) session.end();
  showSignIn(user ? "" : "You are signed out.");
  if (user && token) {
    session.start(token, user.name, kept);
    await start(user);
  }
  throw new DOMException("", "AbortError");
}

/** Follows the other tabs: to the end of the session that is kept on this device, and to that of another user. */
session.onKeptChange(() => {
  if (me && session.keptName === me.name) return;
  const signedOut = me && !session.token;
  if (me) history.replaceState(null, "", location.pathname);
  if (me) showSignIn(signedOut ? "You are signed out." : "");
  if (session.token) resume();
});

/** Continues the session of this tab or this device. An API that does not answer has not ended it. */
async function resume() {
  drawPage(h("p", { class: "quiet", role: "status" }, "Loading…"));
  try {
    await start(await call("GET", "/me"));
  } catch (error) {
    if (error.status === 401) showSignIn("Your session has ended. Sign in again to continue.");
    else drawPage(brand(h("h1", { class: "brand" })), failure(error, resume));
  }
}

history.scrollRestoration = "manual"; // the views restore it themselves, once they are drawn
addEventListener("hashchange", route);

if (session.token) resume();
else showSignIn();
