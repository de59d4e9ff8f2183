// The shell: who is here, where they are, and the view that belongs there.

import { call, Problem, session } from "./api.js";
import { announce, button, failure, h, link } from "./dom.js";
import { field, formOf, submitButton, valueOf } from "./forms.js";
import * as access from "./access.js";
import * as imports from "./imports.js";
import * as members from "./members.js";

let me = null;
let view = new AbortController(); // of all that the view has under way

const may = (permission) => me && permission in me.grants;

// What stands under an address, for whom, and the name of its place in the menu.
const ROUTES = [
  [/^\/members$/, members.list, "members:read", "members"],
  [/^\/members\/new$/, members.create, "members:write", "members"],
  [/^\/members\/([\w-]+)$/, members.show, "members:read", "members"],
  [/^\/imports$/, imports.list, "imports:read", "imports"],
  [/^\/imports\/([\w-]+)$/, imports.show, "imports:read", "imports"],
  [/^\/access\/(users|groups|tokens)$/, access.list, "access:admin", "access"],
];
const MENU = [
  ["members", "Members", "#/members", "members:read"],
  ["imports", "Imports", "#/imports", "imports:read"],
  ["access", "Access", "#/access/users", "access:admin"],
];

function shell() {
  const items = MENU.filter(([, , , need]) => may(need));
  document.body.replaceChildren(
    h("button", { type: "button", class: "skip", onclick: () => document.getElementById("main").focus() }, "Skip to the content"),
    h("header", {},
      h("span", { class: "brand" }, "Rollcall"),
      h("nav", { "aria-label": "Main" }, items.map(([key, text, href]) => link(text, href, { "data-key": key }))),
      h("span", { class: "who" }, me.name, button("Sign out", signOut))),
    h("main", { id: "main", tabindex: "-1" }),
    live());
}

const live = () => h("div", { id: "live", role: "status", class: "unseen" });

async function route() {
  if (!me) return;
  view.abort();
  view = new AbortController();
  const [path, search = ""] = location.hash.slice(1).split("?");
  const main = document.getElementById("main");
  const found = ROUTES.find(([pattern]) => pattern.test(path));
  if (!found) {
    const home = MENU.find(([, , , need]) => may(need));
    if (home && !path.replace("/", "")) return location.replace(home[2]);
    main.replaceChildren(h("h1", {}, "Nothing here"), h("p", {}, home ? "There is no such page." : "You have no access to anything yet. An admin can give you some."));
    return;
  }
  const [pattern, show, need, key] = found;
  for (const item of document.querySelectorAll("nav a")) {
    if (item.dataset.key === key) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
  const context = { me, may, signal: view.signal, query: new URLSearchParams(search), parts: pattern.exec(path).slice(1).map(decodeURIComponent) };
  if (!may(need)) {
    main.replaceChildren(h("h1", {}, "Not for you"), h("p", {}, `This needs the permission ${need}.`));
    return;
  }
  try {
    await show(main, context);
  } catch (error) {
    if (error.name !== "AbortError") main.replaceChildren(h("h1", {}, "That did not work"), failure(error, route));
  }
  titled(main);
}

/** Names the page after its heading, and brings those who listen there. */
function titled(main) {
  const heading = main.querySelector("h1");
  if (!heading) return;
  document.title = `${heading.textContent} – Rollcall`;
  heading.tabIndex = -1;
  if (!main.contains(document.activeElement) || document.activeElement === main) heading.focus({ preventScroll: true });
}

// ---- Signing in and out

function signIn(why = "") {
  view.abort();
  me = null;
  session.forget();
  document.title = "Sign in – Rollcall";
  const form = formOf(
    [field({ name: "name", label: "Name", autocomplete: "username", required: true, autofocus: true }),
      field({ name: "password", label: "Password", type: "password", autocomplete: "current-password", required: true })],
    [submitButton("Sign in")],
    async (sent) => {
      const basic = { name: valueOf(sent, "name"), password: valueOf(sent, "password") };
      try {
        session.begin((await call("POST", "/sessions", { basic })).token);
      } catch (error) {
        throw error.status === 401 ? new Problem(401, { detail: "The name or the password is wrong." })
          : error.status === 429 ? new Problem(429, { detail: `Too many wrong passwords. Try again in ${error.retryAfter} seconds.` })
          : error;
      }
      await enter();
    });
  document.body.replaceChildren(
    h("main", { id: "main", class: "sign-in" }, h("h1", {}, "Rollcall"), h("p", { class: "quiet", role: "status" }, why), form),
    live());
  form.elements.name.focus();
}

async function signOut() {
  try { await call("DELETE", "/sessions"); } catch { /* it ends by itself */ }
  history.replaceState(null, "", location.pathname);
  signIn("You are signed out.");
}

async function enter() {
  me = await call("GET", "/me");
  shell();
  await route();
  announce(`Signed in as ${me.name}.`);
}

addEventListener("session-over", () => me && signIn("Your session has ended. Sign in again to go on."));
addEventListener("hashchange", route);

if (!session.token) signIn();
else enter().catch((error) => signIn(error.status === 401 ? "Your session has ended. Sign in again to go on." : error.message));
