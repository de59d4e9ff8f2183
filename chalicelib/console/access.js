// Access: the lists of users, groups and tokens.

import { explainPreconditionFailed } from "./access_forms.js";
import { call } from "./api.js";
import { offerRevocation } from "./created_tokens.js";
import { confirmed } from "./dialogs.js";
import { button, h, link, redraw, whileBusy } from "./dom.js";
import { groups } from "./groups.js";
import { byText } from "./import_texts.js";
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
  const { parts, signal, query } = context;
  const [kind] = parts;
  const messages = h("div");
  const { title, add, columns, noun, empty, about } = tabs[kind](context);
  /**
   * Runs a task, then reads the list again, even after a failure: somebody else may have changed it too. Then it offers
   * to revoke the tokens of whoever is no admin any more.
   * @type {(pressed: HTMLElement, task: AccessTask) => Promise<void>}
   */
  const runAndReload = (pressed, task) =>
    whileBusy(pressed, messages, async () => {
      let removed;
      try {
        removed = await explainPreconditionFailed(task);
      } finally {
        entries.reload();
      }
      if (typeof removed === "string" && removed) await offerRevocation(removed, signal);
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
  const creator = kind === "tokens" ? (query.get("created_by") ?? "") : "";
  const entries = listOf({
    path: `/${kind}`,
    filters: { created_by: creator },
    caption: creator ? `${title} that ${byText(creator)} created` : title,
    noun,
    signal,
    empty,
    columns: columns(actions),
  });
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
    creator ? h("p", { class: "filters" }, creatorChip(creator)) : null,
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

/** @param {string} creator */
const creatorChip = (creator) =>
  h(
    "span",
    { class: "filter" },
    "Created by: ",
    h("bdi", {}, byText(creator)),
    link("×", "#/access/tokens", { "aria-label": `Remove the filter Created by: ${byText(creator)}` }),
  );

/** @type {(kind: string) => [verb: string, done: string]} */
const removal = (kind) => (kind === "tokens" ? ["Revoke", "revoked"] : ["Delete", "deleted"]);

/** @type {(kind: string, noun: string, entry: AccessEntry) => Promise<string>} */
async function remove(kind, noun, { name, version, created_at }) {
  const [verb, done] = removal(kind);
  const text = `The ${noun} ${name} is ${done} at once. This cannot be undone.`;
  if (!(await confirmed(`${verb} ${name}?`, text, verb))) return "";
  const match = version === undefined ? undefined : { version, created_at };
  await call("DELETE", `/${kind}/${encodeURIComponent(name)}`, { match });
  toast(`The ${noun} ${name} was ${done}.`);
  return kind === "users" ? name : "";
}
