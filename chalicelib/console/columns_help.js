// What a file needs: the names of its columns, and a template with them.

import { call } from "./api.js";
import { button, h, whileBusy } from "./dom.js";

/** @type {[name: string, others: string, about: string][]} usual names of the columns, and what they hold */
const COLUMNS = [
  ["First name", "Given name", "up to 64 characters"],
  ["Last name", "Surname, Family name", "up to 64 characters"],
  ["Phone number", "Phone, Mobile, Cell, Tel", "in any common format"],
  ["Client member id", "Member ID, Member number", "the account’s own number of the person"],
  ["Account", "Account ID, Acct", "not needed if the account is chosen here"],
  ["Action", "", "not needed; “delete” deletes the member, among changes"],
  ["Previous client member id", "Old ID, Former member ID", "not needed; for members whose id changes"],
];

/** Lists the columns, and offers the template. */
export function columnsHelp() {
  const messages = h("div");
  return h(
    "section",
    { class: "columns-help", "aria-label": "The columns of a file" },
    h("h3", {}, "The columns of a file"),
    h(
      "p",
      {},
      "In any order, with these or other usual names. For other names you say in the next step what they hold.",
    ),
    h(
      "dl",
      {},
      COLUMNS.map(([name, others, about]) => [
        h("dt", {}, name, others ? h("span", { class: "quiet" }, `, also ${others}`) : null),
        h("dd", {}, about),
      ]),
    ),
    button("Download a template", (pressed) => whileBusy(pressed, messages, downloadTemplate)),
    messages,
  );
}

async function downloadTemplate() {
  const text = await call("GET", "/imports/template");
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  h("a", { href: address, download: "members.csv" }).click();
  URL.revokeObjectURL(address);
}
