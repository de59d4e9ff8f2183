// The shell: who is here, where they are, and the view that belongs there.

import * as access from "./access.js";
import { may } from "./accounts.js";
import { call, session } from "./api.js";
import { closeAll, confirmed } from "./dialogs.js";
import { announce, button, failure, focusOn, h, link, plural, redraw, titled } from "./dom.js";
import * as imports from "./imports.js";
import * as members from "./members.js";
import { changePassword, signInAgain, signInForm } from "./signin.js";
import * as uploads from "./uploads.js";

let me = null;
const allowed = (permission, account) => me !== null && may(me, permission, account);

// What stands under an address, for whom, the name of its place in the menu, and whether Back finds it as it was left.
const ROUTES = [
  [/^\/members$/, members.list, "members:read", "members", true],
  [/^\/members\/new$/, members.create, "members:write", "members", true],
  [/^\/members\/([\w-]+)$/, members.show, "members:read", "members", true],
  [/^\/imports$/, imports.list, "imports:read", "imports"],
  [/^\/imports\/([\w-]+)$/, imports.show, "imports:read", "imports"],
  [/^\/access\/(users|groups|tokens)$/, access.list, "access:admin", "access"],
];
const MENU = [
  ["members", "Members", "#/members", "members:read"],
  ["members", "Add a member", "#/members/new", "members:write", "members:read"], // readers find it above their list
  ["imports", "Imports", "#/imports", "imports:read"],
  ["access", "Access", "#/access/users", "access:admin"],
];
const menu = () => MENU.filter(([, , , need, unless]) => allowed(need) && !(unless && allowed(unless)));

function shell() {
  document.body.replaceChildren(
    h(
      "button",
      { type: "button", class: "skip", onclick: () => document.getElementById("main").focus() },
      "Skip to the content",
    ),
    h(
      "header",
      {},
      h("span", { class: "brand" }, "Rollcall"),
      h(
        "nav",
        { "aria-label": "Main" },
        menu().map(([key, text, href]) => link(text, href, { "data-key": key })),
      ),
      h(
        "span",
        { class: "who" },
        me.name,
        button("Password", () => changePassword(me.name)),
        button("Sign out", signOut),
      ),
    ),
    h("main", { id: "main", tabindex: "-1" }),
    live(),
  );
}

const live = () => h("div", { id: "live", role: "status", class: "unseen" });

// ---- Views. Each draws in a place of its own, so that what comes late is drawn there and never in another view.

const KEPT = 5; // views that Back finds as they were left
let current = null; // the view that the address asks for
let kept = [];

/** The number of this entry of the browser's history. */
function entry() {
  if (!history.state?.entry) history.replaceState({ entry: `${Date.now()} ${Math.random()}` }, "");
  return history.state.entry;
}

async function route() {
  if (!me) return;
  closeAll();
  const last = current,
    here = entry();
  if (last) leave(last, here);
  const back = kept.find((view) => view.entry === here);
  const view = back ?? viewOf(here);
  current = view;
  for (const item of document.querySelectorAll("header nav a")) {
    if (item.dataset.key === view.key) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
  const main = document.getElementById("main");
  if (!back) {
    main.setAttribute("aria-busy", "true");
    try {
      await view.show(view.place, view.context);
    } catch (error) {
      if (error.name !== "AbortError")
        redraw(view.place, h("h1", {}, "That did not work"), failure(error, error.passing ? route : null));
    }
    if (current !== view) return; // somebody has gone elsewhere meanwhile
  }
  arrive(main, view, last);
}

function viewOf(here) {
  const [path, search = ""] = location.hash.slice(1).split("?");
  const [home] = menu();
  const found = ROUTES.find(([pattern]) => pattern.test(path));
  const [pattern, show, need, key, keep] = found ?? [/^/];
  const stop = new AbortController();
  const view = { entry: here, place: h("div"), stop, key, keep, arrived: false, scrolled: 0 };
  view.context = {
    me,
    may: allowed,
    signal: stop.signal,
    query: new URLSearchParams(search),
    parts: pattern.exec(path).slice(1).map(decodeURIComponent),
    /** Goes where a view leads that has done its work, unless somebody has gone elsewhere; Back does not find it again. */
    leaveFor(address) {
      view.keep = false;
      if (current === view) location.hash = address;
      else drop(view);
    },
    /** What the view shows has another address now. */
    movedTo(address) {
      if (current === view) history.replaceState(history.state, "", address);
    },
  };
  const says = (title, text) => (place) => redraw(place, h("h1", {}, title), h("p", {}, text));
  view.show = !home
    ? says("No access yet", "Your groups grant no permission that this page needs. Ask an admin for one.")
    : !found && !path.replace("/", "")
      ? () => location.replace(home[2])
      : !found
        ? says("Nothing here", "There is no such page.")
        : !allowed(need)
          ? says("Not for you", `This needs the permission ${need}.`)
          : show;
  if (!found || !allowed(need)) view.key = undefined;
  return view;
}

function leave(view, here) {
  view.scrolled = scrollY;
  view.focused = view.place.contains(document.activeElement) ? document.activeElement : null;
  if (!view.keep || !view.arrived || view.entry === here) return drop(view);
  kept = [view, ...kept.filter((one) => one !== view)];
  for (const old of kept.slice(KEPT)) drop(old);
}

function drop(view) {
  view.stop.abort();
  kept = kept.filter((one) => one !== view);
}

/** Shows a view, names the page after it, and takes the focus there: where it was, or else to the heading. */
function arrive(main, view, last) {
  const first = view.arrived
    ? view.focused
    : last?.show === view.show
      ? view.place.querySelector("[data-first]")
      : null;
  main.replaceChildren(view.place);
  main.setAttribute("aria-busy", "false");
  view.arrived = true;
  titled(view.place);
  scrollTo(0, view.scrolled);
  const place = first?.isConnected ? first : view.place.querySelector("h1");
  if (place) focusOn(place);
}

// ---- Signing in and out

function signIn(why = "") {
  forget();
  session.end();
  document.title = "Sign in – Rollcall";
  alone(h("h1", {}, "Rollcall"), h("p", { class: "quiet", role: "status" }, why), signInForm(enter));
  document.querySelector("input").focus();
}

/** A page without the shell. */
const alone = (...children) =>
  document.body.replaceChildren(h("main", { id: "main", class: "sign-in" }, ...children), live());

/** Ends all that went on for who was here; done when the registry knows. */
function forget() {
  for (const view of [...kept, current]) view?.stop.abort();
  kept = [];
  me = current = null;
  return uploads.stopAll();
}

async function signOut() {
  const sending = uploads.underWay();
  if (
    sending &&
    !(await confirmed("Sign out?", `${plural(sending, "file")} not sent yet will not be imported.`, "Sign out", "Stay"))
  )
    return;
  const { token } = session;
  const stopped = forget();
  history.replaceState(null, "", location.pathname);
  signIn("You are signed out.");
  await stopped;
  await call("DELETE", "/sessions", { token }).catch(() => null); // it ends by itself
}

async function enter(who) {
  me = who;
  shell();
  await route();
  announce(`Signed in as ${me.name}.`);
}

let asking = null; // while the password is asked for: all calls wait for the same answer

session.renewed = async (refused) => {
  const caller = me;
  await session.coming;
  if (!me || me !== caller) return false;
  if (session.token && session.token !== refused) return true;
  asking ??= askAgain().finally(() => {
    asking = null;
  });
  return asking;
};

async function askAgain() {
  const who = await signInAgain(me.name);
  if (who?.name === me.name) {
    Object.assign(me, who);
    return true;
  }
  // Somebody else: nothing of what went on here is theirs.
  const { token } = session;
  history.replaceState(null, "", location.pathname);
  signIn(who ? "" : "You are signed out.");
  if (who) {
    session.begin(token);
    await enter(who);
  }
  throw new DOMException("", "AbortError");
}

/** Goes on with the session that this tab has. A registry that does not answer has not ended it. */
async function resume() {
  alone(h("p", { class: "quiet", role: "status" }, "One moment."));
  try {
    await enter(await call("GET", "/me"));
  } catch (error) {
    if (error.status === 401) signIn("Your session has ended. Sign in again to go on.");
    else alone(h("h1", {}, "Rollcall"), failure(error, resume));
  }
}

history.scrollRestoration = "manual"; // a view comes back to where it was left, once it is there
addEventListener("hashchange", route);

if (session.token) resume();
else signIn();
