// The one search box: what a text may be, and the search for each of these ways, all at once.

import { call, query } from "./api.js";

/** @import { Problem } from "./api.js" */
/** @import { Found, Member, Page, Way } from "./types" */
/** @typedef {{way: Way, account: string, cursor: string | null}} Source A way in one account, from a page on */

const MAX_LENGTH = 64; // of a name or an id
const MAX_CHANCE = 12; // a longer text is no member's id by chance
const UTF_8 = new TextDecoder("utf-8", { fatal: true });
/**
 * What a filter is called, and what it looks for.
 * @type {Record<string, [label: string, noun: string]>}
 */
const WORDS = {
  id: ["Member id", "member id"],
  client_member_id: ["Client member id", "client member id"],
  phone_number: ["Phone number", "phone number"],
  phone_ends_with: ["Phone number ends with", "last digits of a phone number"],
  name: ["Name", "name"],
};

/**
 * The ways to search for a text, the most exact first. `account` is "" for all of them; names and last digits are found
 * only `within` single accounts.
 * @type {(text: string, account: string, within: string[]) => Way[]}
 */
export function waysOf(text, account, within) {
  const hasLetters = /\p{L}/u.test(text);
  const digits = hasLetters ? "" : text.normalize("NFKC").replace(/\D/g, "");
  const short = text.length <= MAX_LENGTH;
  const isId = isMemberId(text);
  if (isId && text.length > MAX_CHANCE) return [wayOf("id", text, [account])];
  /** @type {[by: string, value: string, accounts: string[]][]} */
  const ways = [
    ["id", isId ? text : "", [account]],
    ["client_member_id", short ? text : "", [account]],
    ["phone_number", !hasLetters && short && /(\p{Nd}.*){7}/u.test(text) ? text : "", [account]],
    // More digits are a whole number.
    ["phone_ends_with", /^[^+]*$/.test(text) && /^\d{3,9}$/.test(digits) ? digits : "", within],
    ["name", hasLetters && short ? text : "", within],
  ];
  return ways.filter(([, value, accounts]) => value && accounts.length).map((way) => wayOf(...way));
}

/** @type {(by: string, value: string, accounts: string[]) => Way} */
const wayOf = (by, value, accounts) => ({ by, value, accounts, label: WORDS[by][0], noun: WORDS[by][1] });

/**
 * Whether a text is a member's id: two ids in base64, see `encode_parts` in members/model.py. Names such as Hyde, and
 * ids such as H1234567, are base64 too, of other bytes.
 * @param {string} text
 */
function isMemberId(text) {
  if (!/^[\w-]+$/.test(text)) return false;
  try {
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const decoded = UTF_8.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    const parts = decoded.split("\x1f");
    return parts.length === 2 && parts.every((part) => /^\P{Cc}+$/u.test(part));
  } catch {
    return false;
  }
}

/**
 * Whether the account is read for one of these ways, a part of it for each page: the user asks for the next part.
 * @param {Way[]} ways
 */
export const readsInParts = (ways) =>
  ways.some(({ by, value }) => by === "phone_ends_with" || (by === "name" && /[\s,]/.test(value)));

/**
 * Returns a function that reads pages of all these searches side by side, with each member once. `onFirst` gets what
 * each way has found that no more exact one has, and why ways were refused, when the first page is there.
 * @param {Way[]} ways
 * @param {AbortSignal} signal
 * @param {(found: Found[], reasons: string[]) => void} onFirst
 */
export function pagesOf(ways, signal, onFirst) {
  /** @type {Source[]} */
  let sources = [];
  /** @type {Set<string>} */
  let seen = new Set();
  /** @type {(limit: number, cursor: string | null) => Promise<Page<Member>>} */
  return async (limit, cursor) => {
    if (cursor === null) {
      sources = ways.flatMap((way) => way.accounts.map((account) => ({ way, account, cursor: null })));
      seen = new Set();
    }
    const pages = await Promise.all(sources.map((source) => pageOf(source, limit, signal)));
    const found = ways.map((way) => {
      const own = pages.filter((_, i) => sources[i].way === way);
      const all = own.flatMap(({ items }) => items);
      const items = all.filter(({ id }) => !seen.has(id));
      for (const { id } of items) seen.add(id);
      return { way, items, count: all.length, more: own.some(({ next }) => next) };
    });
    sources = sources.flatMap((source, i) => (pages[i].next ? [{ ...source, cursor: pages[i].next }] : []));
    const reasons = pages.flatMap(({ reason }) => reason ?? []);
    if (cursor === null) onFirst(found, reasons);
    return { items: found.flatMap(({ items }) => items), next: sources.length ? "more" : null };
  };
}

/**
 * Reads a page of one search. A text that cannot be such a value finds nothing; then `reason` says why.
 * @param {Source} source
 * @param {number} limit
 * @param {AbortSignal} signal
 * @returns {Promise<Page<Member> & {reason?: string}>}
 */
async function pageOf({ way: { by, value }, account, cursor }, limit, signal) {
  try {
    const filters = { account_id: account, [by]: value, limit, cursor };
    return await call("GET", `/members${query(filters)}`, { signal });
  } catch (error) {
    if (!isRefusal(error, by)) throw error;
    return { items: [], next: null, reason: error.message };
  }
}

/**
 * Whether the API has refused the value of one filter alone.
 * @param {Problem} problem
 * @param {string} by
 */
const isRefusal = ({ status, errors }, by) =>
  status === 400 && errors.length > 0 && errors.every(({ pointer }) => pointer === `?${by}`);
