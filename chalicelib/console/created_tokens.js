// The tokens that somebody created who is no admin any more: they work on until they expire or are revoked.

import { commas } from "./access_forms.js";
import { call, query } from "./api.js";
import { openDialog } from "./dialogs.js";
import { announce, button, h, redraw, time, whileBusy } from "./dom.js";

/** @import { Attributes, Child, Token } from "./types" */

/**
 * Lists the tokens that a user has created, if there are any, and offers to revoke them.
 * @type {(user: string, signal: AbortSignal) => Promise<void>}
 */
export async function offerRevocation(user, signal) {
  const tokens = await createdTokens(user, signal);
  if (tokens.length) await openDialog(`Tokens that ${user} created`, (close) => revocation(tokens, close));
}

/**
 * The tokens of a user that have not expired. None for callers who are no admins any more: they have removed themselves.
 * @type {(user: string, signal: AbortSignal) => Promise<Token[]>}
 */
async function createdTokens(user, signal) {
  /** @type {Token[]} */
  const found = [];
  /** @type {string | null} */
  let cursor = "";
  try {
    while (cursor !== null) {
      const path = `/tokens${query({ created_by: `user:${user}`, limit: 500, cursor })}`;
      /** @type {import("./types").Page<Token>} */
      const page = await call("GET", path, { signal });
      found.push(...page.items);
      cursor = page.next;
    }
  } catch (error) {
    if (error.status !== 403) throw error;
  }
  return found.filter(({ expires_at }) => Date.parse(expires_at) > Date.now());
}

/** @type {(tokens: Token[], close: () => void) => Child} */
function revocation(tokens, close) {
  const messages = h("div");
  const list = h("ul", { class: "plain created" });
  /** @type {Set<Token>} */
  const revoked = new Set();
  /** @param {Token[]} chosen */
  const revoke = async (chosen) => {
    for (const token of chosen) {
      await revokeToken(token);
      revoked.add(token);
      draw();
    }
    announce(
      chosen.length === 1 ? `The token ${chosen[0].name} was revoked.` : `${chosen.length} tokens were revoked.`,
    );
  };
  /** @type {(text: string, chosen: () => Token[], attributes?: Attributes) => HTMLButtonElement} */
  const revokeButton = (text, chosen, attributes) =>
    button(text, (pressed) => whileBusy(pressed, messages, () => revoke(chosen())), { class: "danger", ...attributes });
  const all = revokeButton("Revoke all", () => tokens.filter((token) => !revoked.has(token)));
  const done = button("Done", () => close(), { class: "main" });
  const draw = () => {
    redraw(
      list,
      tokens.map((token) =>
        h(
          "li",
          {},
          h("span", {}, h("strong", {}, token.name), h("span", { class: "quiet" }, factsOf(token))),
          revoked.has(token)
            ? h("span", { class: "quiet" }, "revoked")
            : revokeButton("Revoke", () => [token], { "aria-label": `Revoke ${token.name}` }),
        ),
      ),
    );
    all.hidden = revoked.size === tokens.length;
    if (all.hidden) done.focus();
  };
  draw();
  return [
    h("p", {}, "They work on until they expire. Revoke those that are not needed."),
    list,
    messages,
    h("div", { class: "buttons" }, done, all),
  ];
}

/** @param {Token} token */
const factsOf = ({ groups, last_used, expires_at }) => [
  ` ${commas(groups) || "without groups"}, `,
  last_used ? ["last used ", time(last_used)] : "never used",
  ", expires ",
  time(expires_at),
];

/**
 * Revokes a token, unless somebody else has.
 * @param {Token} token
 */
const revokeToken = ({ name }) =>
  call("DELETE", `/tokens/${encodeURIComponent(name)}`).catch((error) => {
    if (error.status !== 404) throw error;
  });
