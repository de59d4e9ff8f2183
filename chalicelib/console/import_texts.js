// Imports in words: their modes, their outcomes, how they ended, and why rows were rejected.

import { formatNumber, plural } from "./dom.js";
import { removalText } from "./removal_text.js";

/** @import { Import, Mode, Outcome, Status } from "./types" */

/** @type {Outcome[]} */
export const OUTCOMES = ["created", "updated", "unchanged", "deleted", "rejected"];
/** @type {Record<Status, string>} */
export const STATUS_TEXT = {
  awaiting_upload: "waiting for its file",
  splitting: "reading the file",
  loading: "loading",
  awaiting_approval: "waiting for approval",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
};
const STALLED_MINUTES = 15; // without progress, as for the alarm of the imports of a deployment

/**
 * Says that an import has made no progress for long: "has not moved for 23 minutes"; "" for others.
 * @param {Import} record
 */
export function stalledText({ status, finished_at, progress_at }) {
  if (finished_at || !progress_at || status === "awaiting_approval" || status === "awaiting_upload") return "";
  const minutes = Math.floor((Date.now() - Date.parse(progress_at)) / 60_000);
  return minutes < STALLED_MINUTES ? "" : `has not moved for ${plural(minutes, "minute")}`;
}
/** @param {Import} record */
export const statusText = (record) =>
  record.dry_run && record.status === "completed" ? "checked" : STATUS_TEXT[record.status];
/** @type {[Mode, string][]} */
export const MODES = [
  ["create", "Add new members"],
  ["upsert", "Add and change members"],
  ["delete", "Delete members"],
  ["sync", "Add, change, and remove members who are not in the file"],
];
/** @param {Import} record */
export function modeText(record) {
  const mode = record.mode === "validate" ? "create" : record.mode;
  const text = mode === "undo" ? "Take an import back" : (MODES.find(([name]) => name === mode)?.[1] ?? mode);
  return record.dry_run ? `${text} (check only)` : text;
}
/**
 * Who started an import, or changed a member: "ann", "the token clinic-sync".
 * @param {string | null} by
 */
export function byText(by) {
  const [kind, ...name] = (by ?? "").split(":");
  if (kind === "user") return name.join(":");
  if (kind === "token") return `the token ${name.join(":")}`;
  return kind === "import" ? "an import" : (by ?? "a dropped file");
}
/** @param {Import} record */
export const fileName = (record) =>
  record.of ? `Undo of ${record.of_file ?? record.of}` : record.source.key.split("/").pop() || "upload";

/** @type {Record<string, string>} the API's words for outcomes, where the page has others */
const OUTCOME_TEXT = { created: "added", updated: "changed", would_remove: "would be removed" };
const ACTIONS = ["created", "updated", "deleted", "removed"]; // the outcomes that are written

/**
 * The word for an outcome, such as "added", or "would be added" in a dry run. An undo adds members that were there.
 * @type {(name: string, record: Pick<Import, "of" | "dry_run">, rows?: number) => string}
 */
export function outcomeText(name, record, rows = 2) {
  const text = record.of && name === "created" ? "restored" : (OUTCOME_TEXT[name] ?? name.replaceAll("_", " "));
  if (!record.dry_run) return text;
  if (name === "rejected") return rows === 1 ? "needs fixing" : "need fixing";
  return ACTIONS.includes(name) ? `would be ${text}` : text;
}

/**
 * Whether the import wrote a member, or would after its dry run.
 * @param {Import} record
 */
export const hasEffect = ({ counts, dry_run, removal }) =>
  counts.created + counts.updated + counts.deleted + counts.removed > 0 || (dry_run && (removal?.found ?? 0) > 0);

/**
 * How an import that has ended went, in a sentence or two: "Checked: 2 would be added. Nothing was written."
 * @param {Import} record
 */
export function verdictText(record) {
  const { counts, dry_run, finished_at } = record;
  const status = statusText(record);
  const names = /** @type {(keyof typeof counts)[]} */ ([...OUTCOMES, "removed"]);
  const parts = names
    .filter((name) => counts[name])
    .map((name) => `${formatNumber(counts[name])} ${outcomeText(name, record, counts[name])}`);
  const what = parts.length ? `: ${parts.join(", ")}` : "";
  const nothing = finished_at && (dry_run || !hasEffect(record)) ? " Nothing was written." : "";
  const stalled = stalledText(record);
  return `${capitalized(status)}${what}.${nothing}${stalled ? ` ${capitalized(stalled)}.` : ""}`;
}

/** @param {string} text */
export const capitalized = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

/**
 * The colour of an import's status: red if nothing of it is good, amber if a person should look at it, green if not.
 * @param {Import} record
 */
export function tone(record) {
  const { status, counts, finished_at, of, changed_since } = record;
  if (status === "failed" || status === "cancelled") return "wrong";
  if (status === "awaiting_approval" || stalledText(record)) return "doubtful";
  if (!finished_at) return "";
  if (!counts.rejected) return of && changed_since ? "doubtful" : "good"; // an undo that kept members is not complete
  return counts.rejected === counts.rows ? "wrong" : "doubtful";
}

/** @type {(name: string, record: Import) => string} */
export const endText = (name, record) => `${name}: ${[verdictText(record), removalText(record)].join(" ").trim()}`;

/** @type {Record<string, string>} the API's codes in the words of a user who has the file open */
const REASONS = {
  later_row_kept: "A later row of the import about this member could not be taken back",
  no_history: "What the member was is no longer kept",
  phone_not_possible: "The phone number has too few or too many digits",
  phone_not_a_number: "This is not a phone number",
  phone_not_valid: "The phone number is in no assigned range of its country",
  phone_in_parts: "A part of the phone number is in another column",
  phone_extension: "The phone number has an extension",
  phone_number_taken: "Another member of the account has this phone number",
  client_member_id_taken: "Another member of the account has this client member id",
  blank: "A required cell is empty",
  too_long: "A cell is longer than 64 characters",
  control_character: "A cell has a control character",
  damaged_character: "A cell contains a damaged character",
  invisible_character: "An id contains a character that cannot be seen",
  several_numbers: "The cell contains more than one phone number",
  spreadsheet_damage: "A spreadsheet has changed a cell, or a formula in it has failed",
  repeated_header: "The line names the columns again: it is no member",
  other_header: "The line names the columns in another order",
  too_few_cells: "The row has fewer cells than the header",
  too_many_cells: "The row has more cells than the header",
  backslash: "A name or id has a backslash",
  comment: "The line starts with #, so it is a comment",
  quoted_cell: "A cell is in quotation marks",
  stray_quote: "A quotation mark within a cell is not doubled",
  unclosed_quote: "A quotation mark is never closed",
  row_too_long: "The row is too long",
  identity_mismatch: "The member with this id has another name or phone number",
  unknown_action: "The column action has another word than delete",
  action_not_allowed: "The row deletes a member, which this import cannot do",
  account_differs: "The row names another account than the import",
  account_forbidden: "The caller who started the import has no access to the account",
  not_processed: "The row could not be processed",
  not_loaded: "The import stopped before this row",
  cancelled: "The import was cancelled before this row",
};
/** @param {string} code */
export const reasonText = (code) => REASONS[code] ?? code.replaceAll("_", " ");
