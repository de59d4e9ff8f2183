// The shell: the signed-in user, the menu, and the view of the current address.

import { may } from "./accounts.js";
import { call, session } from "./api.js";
import { closeAll, confirmed } from "./dialogs.js";
import { announce, button, failure, find, focusedIn, focusOn, h, link, plural, redraw, setTitle } from "./dom.js";
import { accountChoice, followAddress } from "./header_account.js";
import { menu, resolve } from "./routes.js";
import { changePassword, signInAgain, signInForm } from "./signin.js";
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
      h("span", { class: "brand" }, "Rollcall"),
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
    liveRegion(),
  );
}

const liveRegion = () => h("div", { id: "live", role: "status", class: "unseen" });

// ---- Views. Each draws in a place of its own, so that a late response never draws into another view.

const MAX_KEPT = 5;
/** @type {View | null} */
let current = null;
/** @type {View[]} */
let kept = []; // for Back, the latest first

/** The id of the current entry in the browser's history. */
function historyEntry() {
  if (!history.state?.entry) history.replaceState({ entry: `${Date.now()} ${Math.random()}` }, "");
  return history.state.entry;
}

async function route() {
  if (!me) return;
  closeAll();
  const last = current;
  const entry = historyEntry();
  if (last) leave(last, entry);
  const back = kept.find((view) => view.entry === entry);
  const view = back ?? createView(entry, me);
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

/** @param {string | undefined} key */
function markMenu(key) {
  /** @type {NodeListOf<HTMLElement>} */
  const items = document.querySelectorAll("header nav a");
  for (const item of items) {
    if (item.dataset.key === key) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
}

/**
 * Creates the view of the current address.
 * @type {(entry: string, me: Me) => View}
 */
function createView(entry, me) {
  const [path, search = ""] = location.hash.slice(1).split("?");
  const { show, key, keep, parts } = resolve(path, allowed);
  const controller = new AbortController();
  /** @type {View} */
  const view = {
    entry,
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
        if (current === view) location.hash = address;
        else drop(view);
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
  session.end();
  document.title = "Sign in – Rollcall";
  drawPage(h("h1", {}, "Rollcall"), h("p", { class: "quiet", role: "status" }, message), signInForm(start));
  find(document, "input").focus();
}

/**
 * Draws a page without the shell.
 * @param {...Child} children
 */
const drawPage = (...children) =>
  document.body.replaceChildren(h("main", { id: "main", class: "sign-in" }, children), liveRegion());

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
  const { token } = session;
  const stopped = endSession();
  history.replaceState(null, "", location.pathname);
  showSignIn("You are signed out.");
  await stopped;
  await call("DELETE", "/sessions", { token }).catch(() => null); // otherwise it expires
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
  const { token } = session;
  history.replaceState(null, "", location.pathname);
  showSignIn(user ? "" : "You are signed out.");
  if (user && token) {
    session.start(token);
    await start(user);
  }
  throw new DOMException("", "AbortError");
}

/** Continues this tab's session. An API that does not answer has not ended it. */
async function resume() {
  drawPage(h("p", { class: "quiet", role: "status" }, "Loading…"));
  try {
    await start(await call("GET", "/me"));
  } catch (error) {
    if (error.status === 401) showSignIn("Your session has ended. Sign in again to continue.");
    else drawPage(h("h1", {}, "Rollcall"), failure(error, resume));
  }
}

history.scrollRestoration = "manual"; // the views restore it themselves, once they are drawn
addEventListener("hashchange", route);

if (session.token) resume();
else showSignIn();
