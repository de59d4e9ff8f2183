// Access: the lists of users, groups and tokens.

import { explainPreconditionFailed } from "./access_forms.js";
import { call } from "./api.js";
import { confirmed } from "./dialogs.js";
import { button, h, link, redraw, whileBusy } from "./dom.js";
import { groups } from "./groups.js";
import { listOf } from "./lists.js";
import { toast } from "./toasts.js";
import { tokens } from "./tokens.js";
import { users } from "./users.js";

/** @import { AccessActions, AccessEntry, AccessTab, AccessTask, Context } from "./types" */

/** @type {Record<string, (context: Context) => AccessTab>} */
const tabs = { users, groups, tokens };
const TABS = [
  ["users", "Users"],
  ["groups", "Groups"],
  ["tokens", "Tokens"],
];

/** @type {(place: HTMLElement, context: Context) => void} */
export function list(place, context) {
  const { parts, signal } = context;
  const [kind] = parts;
  const messages = h("div");
  const { title, add, columns, noun, empty, about } = tabs[kind](context);
  /**
   * Runs a task, then reads the list again, even after a failure: somebody else may have changed it too.
   * @type {(pressed: HTMLElement, task: AccessTask) => Promise<void>}
   */
  const runAndReload = (pressed, task) =>
    whileBusy(pressed, messages, async () => {
      try {
        await explainPreconditionFailed(task);
      } finally {
        entries.reload();
      }
    });
  const [verb] = removal(kind);
  /** @type {AccessActions} */
  const actions = (entry, edit) =>
    h(
      "td",
      { class: "tools" },
      edit ? button("Edit", (pressed) => runAndReload(pressed, edit), { "aria-label": `Edit ${entry.name}` }) : null,
      button(verb, (pressed) => runAndReload(pressed, () => remove(kind, noun, entry)), {
        class: "danger",
        "aria-label": `${verb} ${entry.name}`,
      }),
    );
  const entries = listOf({ path: `/${kind}`, caption: title, noun, signal, empty, columns: columns(actions) });
  redraw(
    place,
    h(
      "div",
      { class: "title" },
      h("h1", {}, title),
      button(`Add a ${noun}`, (pressed) => runAndReload(pressed, add), { class: "main" }),
    ),
    tabLinks(kind),
    h("p", { class: "quiet" }, about),
    messages,
    entries.place,
  );
}

/** @param {string} current */
const tabLinks = (current) =>
  h(
    "nav",
    { class: "tabs", "aria-label": "Access" },
    TABS.map(([key, text]) => link(text, `#/access/${key}`, { "aria-current": key === current ? "page" : null })),
  );

/** @type {(kind: string) => [verb: string, done: string]} */
const removal = (kind) => (kind === "tokens" ? ["Revoke", "revoked"] : ["Delete", "deleted"]);

/** @type {(kind: string, noun: string, entry: AccessEntry) => Promise<void>} */
async function remove(kind, noun, { name, version, created_at }) {
  const [verb, done] = removal(kind);
  const text = `The ${noun} ${name} is ${done} at once. This cannot be undone.`;
  if (!(await confirmed(`${verb} ${name}?`, text, verb))) return;
  const match = version === undefined ? undefined : { version, created_at };
  await call("DELETE", `/${kind}/${encodeURIComponent(name)}`, { match });
  toast(`The ${noun} ${name} was ${done}.`);
}
