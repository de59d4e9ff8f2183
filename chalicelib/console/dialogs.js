// Dialogs over the page. Going elsewhere closes them, as Esc does; but not one that is `firm`.

import { button, focusOn, h } from "./dom.js";
import { formOf, submitButton } from "./forms.js";

/** Opens a dialog; what it is closed with, "" for nothing. `build` gets a function that closes it, and returns its children. */
export function opened(title, build, attributes = {}) {
  const { firm, ...more } = attributes;
  return new Promise((answer) => {
    const dialog = h("dialog", { "aria-label": title, closedby: firm ? "none" : "closerequest", ...more });
    let closed = false;
    const close = (value = "") => {
      closed = true;
      dialog.close(value);
    };
    dialog.append(h("h2", {}, title), ...build(close).filter(Boolean));
    dialog.addEventListener("cancel", (event) => firm && event.preventDefault());
    dialog.addEventListener("close", () => {
      if (firm && !closed) return dialog.showModal(); // a browser lets a second Esc through
      dialog.remove();
      const heading = document.querySelector("#main h1");
      if (document.activeElement === document.body && heading) focusOn(heading); // what had the focus before is gone
      answer(dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Closes those that are open, but for the firm ones. */
export function closeAll() {
  for (const dialog of document.querySelectorAll("dialog:not([closedby=none])")) dialog.close();
}

/** Asks before something that cannot be undone; true for yes. */
export const confirmed = async (title, text, yes, no = "Keep it") =>
  "yes" ===
  (await opened(title, (close) => [
    h("p", {}, text),
    h(
      "div",
      { class: "buttons" },
      button(yes, () => close("yes"), { class: "danger" }),
      button(no, () => close(), { autofocus: true }),
    ),
  ]));

/** A form in a dialog; `submit` is called with the form and closes it by succeeding. True when it did. */
export const formDialog = async (title, fields, action, submit) =>
  "done" ===
  (await opened(title, (close) => [
    formOf(fields, [submitButton(action), button("Cancel", () => close())], async (form) => {
      await submit(form);
      close("done");
    }),
  ]));
