// Signing in: on a page of its own, and over a page whose session has ended.

import { call, Problem, session } from "./api.js";
import { opened } from "./dialogs.js";
import { button, h, plural } from "./dom.js";
import { field, formOf, submitButton, valueOf } from "./forms.js";

/** The form; `entered` is called with who it is. */
export const signInForm = (entered, ...buttons) => formOf(
  [field({ name: "name", label: "Name", autocomplete: "username", required: true, autofocus: true }),
    field({ name: "password", label: "Password", type: "password", autocomplete: "current-password", required: true })],
  [submitButton("Sign in"), ...buttons],
  async (form) => {
    const basic = { name: valueOf(form, "name"), password: valueOf(form, "password") };
    let token;
    try {
      ({ token } = await call("POST", "/sessions", { basic }));
    } catch (error) {
      throw error.status === 401 ? new Problem(401, { detail: "The name or the password is wrong." })
        : error.status === 429 ? new Problem(429, { detail: `Too many wrong passwords. Try again ${error.retryAfter ? `in ${plural(error.retryAfter, "second")}` : "in a while"}.` })
        : error;
    }
    const who = await call("GET", "/me", { token });
    session.begin(token);
    await entered(who);
  });

/** Asks again over the page, which keeps all that is typed in it; who has signed in, null for nobody. */
export async function signInAgain(name) {
  let who = null;
  await opened("Sign in again", (close) => [
    h("p", {}, `Your session has ended. Sign in as ${name} to go on where you were.`),
    signInForm((one) => { who = one; close(); }, button("Sign out", () => close())),
  ], { firm: true, class: "again" });
  return who;
}
