// What a sync did about the members that its file does not name, in words.

import { formatNumber, plural } from "./dom.js";
import { byText, verdictText } from "./import_texts.js";

/** @import { Import } from "./types" */

/** @type {Partial<Record<string, string>>} by the state of a removal that was not made */
const KEPT = {
  declined: "Nobody was removed: the removal was declined.",
  superseded: "Nobody was removed: a newer file of the account was synced.",
  expired: "Nobody was removed: nobody approved it in time.",
};

/** @param {Import} record */
export function removalText({ removal, dry_run, counts, finished_at }) {
  if (!removal || removal.state === "pending") return "";
  const missing = `${formatNumber(removal.found)} of ${plural(removal.members, "member")}`;
  if (removal.state === "not_done")
    return `Nobody was removed. ${removal.detail} ${missing} ${removal.found === 1 ? "is" : "are"} not in the file.`;
  if (removal.state === "awaiting_approval")
    return `${missing} would be removed: ${dry_run ? "this would need approval." : "this waits for approval."}`;
  if (KEPT[removal.state]) return `${KEPT[removal.state]}`;
  const by = removal.decided_by ? `, approved by ${byText(removal.decided_by)}` : "";
  if (!removal.found || (finished_at && !by)) return ""; // how it ended has their number
  return `${plural(counts.removed, "member")} ${dry_run ? "would be" : "were"} removed${by}.`;
}

/**
 * How an import went, with what it removed.
 * @param {Import} record
 */
export const resultText = (record) => [verdictText(record), removalText(record)].join(" ").trim();

/** @type {(name: string, record: Import) => string} */
export const endText = (name, record) => `${name}: ${resultText(record)}`;
