// What takes a password: signing in, on a page of its own and over one whose session has ended, and a new password.

import { call, Problem, session } from "./api.js";
import { formDialog, opened } from "./dialogs.js";
import { announce, button, h, plural } from "./dom.js";
import { field, fieldValue, formOf, submitButton } from "./forms.js";

/** A call with a name and a password; a refusal of those says `wrong`. */
async function callWith(basic, method, path, wrong, options = {}) {
  try {
    return await call(method, path, { ...options, basic });
  } catch (error) {
    throw error.status === 401
      ? new Problem(401, { detail: wrong })
      : error.status === 429
        ? new Problem(429, {
            detail: `Too many wrong passwords. Try again ${error.retryAfter ? `in ${plural(error.retryAfter, "second")}` : "in a while"}.`,
          })
        : error;
  }
}

/** The form; `entered` is called with who it is. */
export const signInForm = (entered, ...buttons) =>
  formOf(
    [
      field({ name: "name", label: "Name", autocomplete: "username", required: true, autofocus: true }),
      field({
        name: "password",
        label: "Password",
        type: "password",
        autocomplete: "current-password",
        required: true,
      }),
    ],
    [submitButton("Sign in"), ...buttons],
    async (form) => {
      const basic = { name: fieldValue(form, "name"), password: fieldValue(form, "password") };
      const { token } = await callWith(basic, "POST", "/sessions", "The name or the password is wrong.");
      const who = await call("GET", "/me", { token });
      session.begin(token);
      await entered(who);
    },
  );

/** Asks again over the page, which keeps all that is typed in it; who has signed in, null for nobody. */
export async function signInAgain(name) {
  let who = null;
  await opened(
    "Sign in again",
    (close) => [
      h("p", {}, `Your session has ended. Sign in as ${name} to go on where you were.`),
      signInForm(
        (one) => {
          who = one;
          close();
        },
        button("Sign out", () => close()),
      ),
    ],
    { firm: true, class: "again" },
  );
  return who;
}

/** Lets somebody choose a new password, for the old one. All sessions end with that; this tab begins another. */
export const changePassword = (name) =>
  formDialog(
    "Change your password",
    [
      field({ name: "old", label: "Old password", type: "password", autocomplete: "current-password" }),
      field({
        name: "password",
        label: "New password",
        type: "password",
        autocomplete: "new-password",
        hint: "12 characters or more.",
      }),
    ],
    "Change",
    async (form) => {
      const { token } = session;
      const password = fieldValue(form, "password"),
        old = { name, password: fieldValue(form, "old") };
      const changed = callWith(old, "PATCH", "/me", "The old password is wrong.", { body: { password } }).then(() =>
        goOn(token, { name, password }),
      );
      session.coming = changed.catch(() => null);
      await changed;
      announce("Your password is changed.");
    },
  );

/** Begins a session in place of one that has ended. Where that does not work, the next call asks for the password. */
async function goOn(token, basic) {
  const begun = await call("POST", "/sessions", { basic }).catch(() => null);
  if (begun && session.token === token) session.begin(begun.token);
  else if (begun) await call("DELETE", "/sessions", { token: begun.token }).catch(() => null); // who was here has left
}
