// Dialogs over the page. Esc and navigation close them, except persistent ones; both ask about edits in them.

import { button, focusOn, h } from "./dom.js";
import { createForm, submitButton } from "./forms.js";
import { hasUnsaved } from "./unsaved.js";

/** @import { Attributes, Child } from "./types" */

/**
 * Opens a dialog. Resolves to the value it is closed with, "" for none. `build` gets a function that closes the dialog,
 * and returns its children.
 * @param {string} title
 * @param {(close: (value?: string) => void) => Child} build
 * @param {Attributes & {persistent?: boolean}} [attributes]
 * @returns {Promise<string>}
 */
export function openDialog(title, build, attributes = {}) {
  const { persistent, ...more } = attributes;
  return new Promise((resolve) => {
    let closed = false;
    const close = (value = "") => {
      closed = true;
      dialog.close(value);
    };
    const dialog = h(
      "dialog",
      { "aria-label": title, closedby: persistent ? "none" : "closerequest", ...more },
      h("h2", {}, title),
      build(close),
      h("div", { role: "status", class: "live unseen" }),
    );
    dialog.addEventListener("cancel", (event) => {
      if (persistent) event.preventDefault();
      else if (hasUnsaved(dialog)) {
        event.preventDefault();
        mayLeave().then((leave) => leave && close());
      }
    });
    dialog.addEventListener("close", () => {
      if (persistent && !closed) {
        dialog.showModal(); // a browser closes on a second Esc regardless
        return;
      }
      dialog.remove();
      const heading = document.querySelector("#main h1");
      // The element that had the focus before may be gone.
      if (document.activeElement === document.body && heading instanceof HTMLElement) focusOn(heading);
      resolve(dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Closes the open dialogs, except persistent ones. */
export function closeAll() {
  /** @type {NodeListOf<HTMLDialogElement>} */
  const dialogs = document.querySelectorAll("dialog:not([closedby=none])");
  for (const dialog of dialogs) dialog.close();
}

/**
 * Asks before an action that loses something, or that seems a mistake; true for yes.
 * @type {(title: string, text: string, yes: string, no?: string, attributes?: Attributes) => Promise<boolean>}
 */
export async function confirmed(title, text, yes, no = "Keep it", attributes = {}) {
  const choices = (/** @type {(value?: string) => void} */ close) => [
    h("p", {}, text),
    h(
      "div",
      { class: "buttons" },
      button(yes, () => close("yes"), { class: "danger" }),
      button(no, () => close(), { autofocus: true }),
    ),
  ];
  return (await openDialog(title, choices, attributes)) === "yes";
}

/** Asks before edits are lost; true to leave them. */
export async function mayLeave() {
  stayHere();
  if (!hasUnsaved()) return true;
  return confirmed("Leave without saving?", "What you typed is not saved.", "Leave", "Stay", { class: "leave" });
}

/** Answers the question of `mayLeave`, if it is open: the user stays. */
export function stayHere() {
  /** @type {HTMLDialogElement | null} */
  const question = document.querySelector("dialog.leave");
  question?.close();
}

/**
 * Opens a form in a dialog, which closes when `submit` succeeds. Resolves to "done" then, else to "".
 * @type {(title: string, fields: Child, action: string, submit: (form: HTMLFormElement) => unknown) => Promise<string>}
 */
export const formDialog = (title, fields, action, submit) =>
  openDialog(title, (close) =>
    createForm(fields, [submitButton(action), button("Cancel", () => close())], async (form) => {
      await submit(form);
      close("done");
    }),
  );
