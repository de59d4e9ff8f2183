// The shell: the signed-in user and the menu.

import { may } from "./accounts.js";
import { call } from "./api.js";
import { confirmed, mayLeave } from "./dialogs.js";
import { announce, button, failure, find, h, link, plural } from "./dom.js";
import { accountChoice } from "./header_account.js";
import { menu } from "./routes.js";
import { session } from "./session.js";
import { changePassword, confirmSession, signInAgain, signInForm, signOnAgain, signOnButton } from "./signin.js";
import { finishSignOn, isSignOnAnswer, renewedToken } from "./single_sign_on.js";
import { hasUnsaved } from "./unsaved.js";
import * as uploads from "./uploads.js";
import { closeViews, openViews } from "./views.js";

/** @import { Child, May, Me } from "./types" */

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
        user.kind === "user" ? button("Password", () => changePassword(name)) : null,
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

// ---- Signing in and out

/** @param {string} [message] */
function showSignIn(message = "", fresh = false) {
  endSession();
  session.leaveTab();
  document.title = "Sign in – Rollcall";
  const other = signOnButton(fresh);
  drawPage(
    brand(h("h1", { class: "brand" })),
    h("p", { class: "quiet", role: "status" }, message),
    other ? [other, h("p", { class: "quiet" }, "Or with the name and password of a user:")] : null,
    signInForm(start),
  );
  (other ?? find(document, "input")).focus();
}

/**
 * Draws a page without the shell.
 * @param {...Child} children
 */
const drawPage = (...children) =>
  document.body.replaceChildren(h("main", { id: "main", class: "sign-in" }, children), ...liveRegions());

/** Stops everything that runs for the user. Resolves when the API has cancelled the uploads. */
function endSession() {
  me = null;
  session.user = "";
  closeViews();
  return uploads.stopAll();
}

async function signOut() {
  const count = uploads.unsentCount();
  const text = `${plural(count, "file")} not sent yet will not be imported.`;
  if (count && !(await confirmed("Sign out?", text, "Sign out", "Stay"))) return;
  if (hasUnsaved() && !(await mayLeave())) return;
  const tokens = me?.kind === "sso" ? [] : session.tokens; // the API has no session of a token of the issuer
  const stopped = endSession();
  session.end();
  history.replaceState(null, "", location.pathname);
  showSignIn("You are signed out.", true);
  await stopped;
  // Otherwise they expire.
  await Promise.allSettled(tokens.map((token) => call("DELETE", "/sessions", { token })));
}

/** @param {Me} user */
async function start(user) {
  me = user;
  session.user = user.name;
  drawShell(user);
  await openViews(user, allowed);
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

/** @type {Promise<boolean> | null} */
let confirming = null;

session.confirm = async (refused) => {
  if (!me) return false;
  if (session.token && session.token !== refused) return true;
  confirming ??= confirmSession(me).finally(() => {
    confirming = null;
  });
  return confirming;
};

/** @param {Me} caller */
async function askToSignInAgain(caller) {
  const renewed = caller.kind === "sso" ? await renewSignOn(caller.name) : null;
  if (renewed) {
    Object.assign(caller, renewed);
    return true;
  }
  const user = caller.kind === "sso" ? await signOnAgain().then(() => null) : await signInAgain(caller.name);
  if (user?.name === caller.name) {
    Object.assign(caller, user);
    return true;
  }
  // Another user must not see anything of the first one's.
  const { kept, tokens } = session;
  const [token] = tokens;
  history.replaceState(null, "", location.pathname);
  if (!user) session.end();
  showSignIn(user ? "" : "You are signed out.", !user);
  if (user && token) {
    session.start(token, user.name, kept);
    await start(user);
  }
  throw new DOMException("", "AbortError");
}

/**
 * Renews the token of the issuer. Resolves to its user, null if that fails or it is somebody else's than that of `name`.
 * @param {string} [name]
 * @returns {Promise<Me | null>}
 */
async function renewSignOn(name) {
  const token = await renewedToken();
  const user = token && (await call("GET", "/me", { token }).catch(() => null));
  if (!user || (name && user.name !== name)) return null;
  session.start(token, user.name, false);
  return user;
}

/** Starts with the answer of the issuer. */
async function startSignedOn() {
  drawPage(h("p", { class: "quiet", role: "status" }, "Signing in…"));
  let user;
  try {
    const token = await finishSignOn();
    user = await call("GET", "/me", { token });
    session.start(token, user.name, false);
  } catch (error) {
    showSignIn(error.status === 401 ? "Rollcall does not accept this sign-in. Ask an admin." : error.message);
    return;
  }
  await start(user);
}

/** Follows the other tabs: to the end of the session that is kept on this device, and to that of another user. */
session.onKeptChange(() => {
  if (me && session.keptName === me.name) return;
  const signedOut = !session.keptName;
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
    const renewed = error.status === 401 ? await renewSignOn() : null;
    if (renewed) await start(renewed);
    else if (error.status === 401) showSignIn("Your session has ended. Sign in again to continue.");
    else drawPage(brand(h("h1", { class: "brand" })), failure(error, resume));
  }
}

if (isSignOnAnswer()) startSignedOn();
else if (session.token) resume();
else showSignIn();
