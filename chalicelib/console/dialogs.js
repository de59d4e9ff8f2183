// Dialogs over the page. Esc and navigation close them, except persistent ones.

import { announce, button, focusOn, h, whileBusy } from "./dom.js";
import { createForm, submitButton } from "./forms.js";

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
    );
    dialog.addEventListener("cancel", (event) => {
      if (persistent) event.preventDefault();
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
 * Asks before an action that cannot be undone; true for yes.
 * @type {(title: string, text: string, yes: string, no?: string) => Promise<boolean>}
 */
export async function confirmed(title, text, yes, no = "Keep it") {
  const answer = await openDialog(title, (close) => [
    h("p", {}, text),
    h(
      "div",
      { class: "buttons" },
      button(yes, () => close("yes"), { class: "danger" }),
      button(no, () => close(), { autofocus: true }),
    ),
  ]);
  return answer === "yes";
}

/**
 * Opens a form in a dialog, which closes when `submit` succeeds.
 * @type {(title: string, fields: Child, action: string, submit: (form: HTMLFormElement) => unknown) => Promise<unknown>}
 */
export const formDialog = (title, fields, action, submit) =>
  openDialog(title, (close) =>
    createForm(fields, [submitButton(action), button("Cancel", () => close())], async (form) => {
      await submit(form);
      close();
    }),
  );

/**
 * Shows and says a text until it is closed, the next one comes, or the action has succeeded.
 * @param {string} text
 * @param {string} name of the action
 * @param {() => Promise<unknown>} action
 */
export function toast(text, name, action) {
  const messages = h("div");
  const place = h("section", { class: "toast", "aria-label": "Message" });
  const act = async () => {
    await action();
    place.remove();
  };
  place.append(
    h("p", {}, text),
    button(name, (pressed) => whileBusy(pressed, messages, act)),
    button("Close", () => place.remove()),
    messages,
  );
  document.querySelector(".toast")?.remove();
  document.body.append(place);
  announce(text);
}
