// What the forms of users, groups and tokens share.

import { call } from "./api.js";
import { confirmed, formDialog } from "./dialogs.js";
import { checkboxes, field } from "./forms.js";
import { toast } from "./toasts.js";

/** @import { Child, Group } from "./types" */

/** @param {string[]} names */
export const commas = (names) => names.join(", ");

export const nameField = () =>
  field({ name: "name", label: "Name", required: true, hint: "Lowercase letters, digits, and . _ @ + -" });

/** @type {(signal: AbortSignal) => Promise<Group[]>} */
export const readGroups = async (signal) => (await call("GET", "/groups?limit=500", { signal })).items;

/** @type {(groups: Group[], values: string[]) => HTMLElement} */
export const groupField = (groups, values) =>
  checkboxes({ name: "groups", label: "Groups", options: groups.map(({ name }) => [name, name]), values });

/**
 * Opens a form; `submit` returns what was done, for a message.
 * @type {(title: string, fields: Child, action: string, submit: (form: HTMLFormElement) => Promise<string>) => Promise<void>}
 */
export async function accessDialog(title, fields, action, submit) {
  /** @type {string[]} */
  const done = [];
  await formDialog(title, fields, action, async (form) => {
    done.push(await explainPreconditionFailed(() => submit(form)));
  });
  for (const text of done) toast(text); // what is said while the dialog is open, only the dialog may say
}

/**
 * Runs a task, and explains to the user the refusal of a stale version.
 * @template T
 * @param {() => T} task
 */
export async function explainPreconditionFailed(task) {
  try {
    return await task();
  } catch (error) {
    if (error.status === 412)
      error.message =
        "Somebody else changed this, so nothing was saved. Start again from the list, which shows the current values.";
    throw error;
  }
}

/**
 * Asks before something is saved that has no effect. Throws AbortError if the user goes back to the form.
 * @type {(effect: boolean, title: string, text: string) => Promise<void>}
 */
export async function askIfWithoutEffect(effect, title, text) {
  if (!effect && !(await confirmed(title, text, "Save it so", "Back to the form")))
    throw new DOMException("", "AbortError");
}
