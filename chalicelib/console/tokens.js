// Tokens: what programs send instead of a name and a password.

import { accessDialog, askIfWithoutEffect, commas, groupField, nameField, readGroups } from "./access_forms.js";
import { call } from "./api.js";
import { openDialog } from "./dialogs.js";
import { announce, button, h, time } from "./dom.js";
import { field, fieldValue, fieldValues } from "./forms.js";
import { byText } from "./import_texts.js";

/** @import { AccessTab, Context, Token } from "./types" */

/** @type {(context: Context) => AccessTab} */
export const tokens = ({ signal, query }) => ({
  title: "Tokens",
  noun: "token",
  empty: query.get("created_by") ? `${byText(query.get("created_by"))} has no token.` : "There are no tokens.",
  about: "Programs send a token instead of a name and a password.",
  add: () => addToken(signal),
  /** @returns {import("./types").Column<Token>[]} */
  columns: (actions) => [
    ["Name", (token) => token.name],
    ["Groups", (token) => commas(token.groups) || "none: may do nothing"],
    ["Created by", (token) => token.created_by ?? "the command line"],
    ["Expires", (token) => time(token.expires_at)],
    ["Last used", (token) => time(token.last_used) || "never"],
    ["", (token) => actions(token)],
  ],
});

/** @param {AbortSignal} signal */
async function addToken(signal) {
  const days = field({
    name: "days",
    label: "Valid for (days)",
    type: "number",
    value: "365",
    min: "1",
    max: "3650",
  });
  /** @type {{name: string, token: string}[]} */
  const created = [];
  const fields = [nameField(), groupField(await readGroups(signal), []), days];
  await accessDialog("Add a token", fields, "Add", async (form) => {
    const body = {
      name: fieldValue(form, "name"),
      groups: fieldValues(form, "groups"),
      days: Number(fieldValue(form, "days")),
    };
    const title = `${body.name || "A token"} without a group?`;
    await askIfWithoutEffect(body.groups.length > 0, title, "A program that sends this token may do nothing.");
    created.push(await call("POST", "/tokens", { body }));
    return `The token ${body.name} was added.`;
  });
  for (const token of created) await showToken(token);
}

/**
 * Shows a token, whose text the API returns only once: the dialog closes only by its own button.
 * @param {{name: string, token: string}} created
 */
const showToken = ({ name, token }) =>
  openDialog(
    `The token ${name}`,
    (close) => [
      h("p", {}, "Copy the token now: it is not shown again. Programs send it as Authorization: Bearer …"),
      h("output", { class: "secret", tabindex: "0", "aria-label": "The token" }, token),
      h(
        "div",
        { class: "buttons" },
        button("Copy", async (pressed) => {
          const text = await navigator.clipboard.writeText(token).then(
            () => "Copied",
            () => "Copying failed: select the token and copy it yourself",
          );
          pressed.textContent = text;
          announce(text);
        }),
        button("Done", () => close(), { class: "main" }),
      ),
    ],
    { persistent: true },
  );
