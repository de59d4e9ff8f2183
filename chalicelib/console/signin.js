// Forms that take a password: signing in, signing in again when the session has ended, and changing the password.

import { call, Problem } from "./api.js";
import { formDialog, openDialog } from "./dialogs.js";
import { button, h, plural } from "./dom.js";
import { createForm, field, fieldValue, fieldValues, submitButton } from "./forms.js";
import { session } from "./session.js";
import { hasSignOn, signOn, tellsSignInTime } from "./single_sign_on.js";
import { toast } from "./toasts.js";

/** @import { CallOptions, Child, Credentials, Me } from "./types" */

/**
 * Calls the API with a name and a password; `wrong` is the message if those are refused.
 * @param {Credentials} basic
 * @param {string} method
 * @param {string} path
 * @param {string} wrong
 * @param {CallOptions} [options]
 */
async function callWithPassword(basic, method, path, wrong, options = {}) {
  try {
    return await call(method, path, { ...options, basic });
  } catch (error) {
    if (error.status === 401) throw new Problem(401, { detail: wrong });
    if (error.status !== 429) throw error;
    const when = error.retryAfter ? `in ${plural(error.retryAfter, "second")}` : "in a while";
    throw new Problem(429, { detail: `Too many wrong passwords. Try again ${when}.` });
  }
}

/**
 * Throws Problem if the name or the password is not given.
 * @param {Credentials} basic
 */
function checkGiven({ name, password }) {
  const given = Object.entries({ name: name.trim(), password });
  const errors = given
    .filter(([, value]) => !value)
    .map(([field]) => ({ pointer: `#/${field}`, code: "blank", detail: `Enter your ${field}.` }));
  if (errors.length) throw new Problem(400, { detail: errors[0].detail, errors });
}

/**
 * Creates the form to sign in, with the name of a `known` user; `onSignedIn` is called with the user.
 * @param {(user: Me) => unknown} onSignedIn
 * @param {string} [known]
 * @param {...Child} buttons
 */
export const signInForm = (onSignedIn, known = "", ...buttons) =>
  createForm(
    [
      field({ name: "name", label: "Name", value: known, autocomplete: "username", required: true, autofocus: !known }),
      field({
        name: "password",
        label: "Password",
        type: "password",
        autocomplete: "current-password",
        required: true,
        autofocus: Boolean(known),
      }),
      keepChoice(),
    ],
    [submitButton("Sign in"), ...buttons],
    async (form) => {
      const basic = { name: fieldValue(form, "name"), password: fieldValue(form, "password") };
      checkGiven(basic);
      const { token } = await callWithPassword(basic, "POST", "/sessions", "The name or the password is wrong.");
      const user = await call("GET", "/me", { token });
      session.start(token, user.name, fieldValues(form, "keep").length > 0);
      await onSignedIn(user);
    },
    { ask: false },
  );

/** Creates the choice to stay signed in on this device. */
function keepChoice() {
  const input = h("input", { type: "checkbox", name: "keep", value: "yes", checked: session.kept });
  input.setAttribute("aria-describedby", "keep-hint");
  const text =
    "All tabs stay signed in, also after you close them: for an hour without use, for 12 hours at most. Not for shared computers.";
  return h(
    "div",
    { class: "field" },
    h("label", { class: "choice" }, input, "Keep me signed in on this device"),
    h("p", { class: "hint", id: "keep-hint" }, text),
  );
}

/**
 * Creates the button that signs in at the issuer, if there is one. With `fresh` the issuer asks who it is.
 * @param {boolean} fresh
 */
export const signOnButton = (fresh) =>
  hasSignOn ? button("Sign in with single sign-on", () => signOn(fresh), { class: "main" }) : null;

/** Asks to sign in at the issuer again. Resolves when the user signs out instead. */
export const signOnAgain = () =>
  openDialog(
    "Sign in again",
    (close) => [
      h("p", {}, "Your session has ended. Sign in to come back to this page. What you have not saved will be lost."),
      h(
        "div",
        { class: "buttons" },
        signOnButton(false),
        button("Sign out", () => close()),
      ),
    ],
    { persistent: true, class: "again" },
  );

/**
 * Asks to sign in again over the page, which keeps everything typed in it. Resolves to the user, or null.
 * @param {string} name
 */
export async function signInAgain(name) {
  /** @type {{user: Me | null}} */
  const signedIn = { user: null };
  await openDialog(
    "Sign in again",
    (close) => [
      h("p", {}, `Your session has ended. Sign in as ${name} to continue where you were.`),
      signInForm(
        (user) => {
          signedIn.user = user;
          close();
        },
        name,
        button("Sign out", () => close()),
      ),
    ],
    { persistent: true, class: "again" },
  );
  return signedIn.user;
}

/**
 * Starts a session with a recent password, without which nobody grants access. Resolves to false if the user does not
 * want to. Whoever is signed in by the issuer leaves the page for it.
 * @param {Me} user
 */
export async function confirmSession({ kind, name }) {
  if (kind !== "user") {
    await signOnFreshly();
    return false;
  }
  let confirmed = false;
  await openDialog("Enter your password", (close) => {
    const password = field({
      name: "password",
      label: "Password",
      type: "password",
      autocomplete: "current-password",
      required: true,
      autofocus: true,
    });
    const submit = async (/** @type {HTMLFormElement} */ form) => {
      const { token: old } = session;
      const basic = { name, password: fieldValue(form, "password") };
      checkGiven(basic);
      const { token } = await callWithPassword(basic, "POST", "/sessions", "The password is wrong.");
      const unused = replaceSession(old, token, name);
      confirmed = unused !== token;
      await endSession(unused);
      close();
    };
    const buttons = [submitButton("Continue"), button("Cancel", () => close())];
    return [
      h("p", {}, `Enter the password of ${name} again: granting access needs one of the last 15 minutes.`),
      createForm(password, buttons, submit, { ask: false }),
    ];
  });
  return confirmed;
}

/** Asks to sign in at the issuer, which asks who it is. Resolves when the user cancels. */
const signOnFreshly = () =>
  openDialog("Sign in again", (close) => {
    const possible = tellsSignInTime(session.token);
    const text = possible
      ? "To grant access, you must have signed in within the last 15 minutes. What you typed here is lost."
      : "The issuer does not say when you signed in, so you cannot grant access. Sign in with the name and password of a user.";
    const cancel = button("Cancel", () => close());
    return [h("p", {}, text), h("div", { class: "buttons" }, possible ? signOnButton(true) : null, cancel)];
  });

/**
 * Lets the user choose a new password. The API then ends all of the user's sessions; this tab starts a new one.
 * @param {string} name
 */
export async function changePassword(name) {
  const changed = await formDialog(
    "Change your password",
    [
      field({
        name: "old",
        label: "Current password",
        type: "password",
        autocomplete: "current-password",
        required: true,
      }),
      field({
        name: "password",
        label: "New password",
        type: "password",
        autocomplete: "new-password",
        hint: "12 characters or more.",
        required: true,
      }),
    ],
    "Change",
    async (form) => {
      const { token } = session;
      const password = fieldValue(form, "password");
      const old = { name, password: fieldValue(form, "old") };
      const changed = callWithPassword(old, "PATCH", "/me", "The current password is wrong.", {
        body: { password },
      }).then(() => renewSession(token, { name, password }));
      session.pending = changed.catch(() => null);
      await changed;
    },
  );
  if (changed) toast("Your password was changed.");
}

/**
 * Starts a session in place of the one that has ended. If that fails, the next call asks for the password.
 * @param {string | null} token
 * @param {Credentials} basic
 */
async function renewSession(token, basic) {
  const started = await call("POST", "/sessions", { basic }).catch(() => null);
  const unused = started && replaceSession(token, started.token, basic.name);
  if (unused && unused !== token) await endSession(unused);
}

/**
 * Starts a session in place of the old one, unless the user has signed out meanwhile. Returns the token of no use then.
 * @type {(old: string | null, token: string, name: string) => string | null}
 */
function replaceSession(old, token, name) {
  if (session.token !== old) return token;
  session.start(token, name, session.kept);
  return old;
}

/** @param {string | null} token */
async function endSession(token) {
  if (token) await call("DELETE", "/sessions", { token }).catch(() => null); // otherwise it expires
}
