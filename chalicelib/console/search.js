// The one search box: what a text may be, and the search for each of these ways, all at once.

import { call, query } from "./api.js";

/** @import { Problem } from "./api.js" */
/** @import { Found, Member, Page, Way } from "./types" */

const MAX_LENGTH = 64; // of a name or an id
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
 * The ways to search for a text, the most exact first. Names and last digits are found within one account.
 * @type {(text: string, account: string) => Way[]}
 */
export function waysOf(text, account) {
  const hasLetters = /\p{L}/u.test(text);
  const digits = hasLetters ? "" : text.normalize("NFKC").replace(/\D/g, "");
  const short = text.length <= MAX_LENGTH;
  if (isMemberId(text)) return [wayOf("id", text)]; // nothing else looks like it
  /** @type {Record<string, string>} */
  const values = {
    client_member_id: short ? text : "",
    phone_number: !hasLetters && short && /(\p{Nd}.*){7}/u.test(text) ? text : "",
    // More digits are a whole number.
    phone_ends_with: account && /^[^+]*$/.test(text) && /^\d{3,9}$/.test(digits) ? digits : "",
    name: account && hasLetters && short ? text : "",
  };
  return Object.entries(values)
    .filter(([, value]) => value)
    .map(([by, value]) => wayOf(by, value));
}

/** @type {(by: string, value: string) => Way} */
const wayOf = (by, value) => ({ by, value, label: WORDS[by][0], noun: WORDS[by][1] });

/**
 * Whether a text is a member's id: two ids in base64, see `encode_parts` in members/model.py.
 * @param {string} text
 */
function isMemberId(text) {
  try {
    return /^[\w-]+$/.test(text) && atob(text.replaceAll("-", "+").replaceAll("_", "/")).includes("\x1f");
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
 * @param {string} account
 * @param {AbortSignal} signal
 * @param {(found: Found[], reasons: string[]) => void} onFirst
 */
export function pagesOf(ways, account, signal, onFirst) {
  /** @type {Map<Way, string | null>} */
  let cursors = new Map();
  /** @type {Set<string>} */
  let seen = new Set();
  /** @type {(limit: number, cursor: string | null) => Promise<Page<Member>>} */
  return async (limit, cursor) => {
    if (cursor === null) {
      cursors = new Map(ways.map((way) => [way, null]));
      seen = new Set();
    }
    const pages = await Promise.all([...cursors].map(([way, from]) => pageOf(way, account, limit, from, signal)));
    const found = [...cursors.keys()].map((way, i) => {
      const { items: all, next } = pages[i];
      const items = all.filter(({ id }) => !seen.has(id));
      for (const { id } of items) seen.add(id);
      return { way, items, count: all.length, next };
    });
    cursors = new Map(found.filter(({ next }) => next).map(({ way, next }) => [way, next]));
    if (cursor === null)
      onFirst(
        found,
        pages.flatMap(({ reason }) => reason ?? []),
      );
    return { items: found.flatMap(({ items }) => items), next: cursors.size ? "more" : null };
  };
}

/**
 * Reads a page of one search. A text that cannot be such a value finds nothing; then `reason` says why.
 * @param {Way} way
 * @param {string} account
 * @param {number} limit
 * @param {string | null} cursor
 * @param {AbortSignal} signal
 * @returns {Promise<Page<Member> & {reason?: string}>}
 */
async function pageOf({ by, value }, account, limit, cursor, signal) {
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
