// A stale edit: somebody else has changed the member meanwhile. Both versions side by side, and the choice between them.

import { announce, button, during, focusOn, h, redraw, scrolling, time } from "./dom.js";

/** {title, fields: [[name, label]…], before, mine, stored}: the member as it was opened, what somebody made of it, and what is stored; `keep` and `take` choose. */
export function compare(place, { title, fields, before, mine, stored, keep, take }) {
  const told = h("div");
  const choice = (text, task, attributes) => button(text, (event) => during(event.target, told, task), attributes);
  const cell = (values, name) => h("td", { class: values[name] !== before[name] ? "changed" : null }, values[name]);
  const differs = fields.filter(([name]) => mine[name] !== stored[name] || stored[name] !== before[name]);
  redraw(
    place,
    h("h1", {}, title),
    h(
      "p",
      {},
      "By ",
      stored.modified_by ?? "somebody",
      ", ",
      time(stored.last_modified),
      ". Nothing of yours is saved yet.",
    ),
    scrolling(
      "Where they differ",
      h(
        "table",
        {},
        h("caption", { class: "quiet" }, "Where they differ"),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["", "When you opened it", "Yours", "Stored now"].map((title) => h("th", { scope: "col" }, title)),
          ),
        ),
        h(
          "tbody",
          {},
          differs.map(([name, label]) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, label),
              h("td", {}, before[name]),
              cell(mine, name),
              cell(stored, name),
            ),
          ),
        ),
      ),
    ),
    told,
    h(
      "div",
      { class: "buttons" },
      choice("Save mine over it", keep, { class: "main" }),
      choice("Take what is stored", take),
    ),
  );
  announce("Somebody else has changed this member. Choose which version is to stay.");
  if (place.isConnected) focusOn(place.querySelector("h1"));
}
