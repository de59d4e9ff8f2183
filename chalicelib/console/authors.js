// Who wrote a member: a user, a token, or a line of an imported file.

import { call } from "./api.js";
import { h, link } from "./dom.js";
import { byText, fileName } from "./import_texts.js";

/** @import { Child, Context, Me, MemberEvent } from "./types" */

/** @type {WeakMap<Me, Map<string, Promise<string | null>>>} the file of each import, null for one that is not shown */
const files = new WeakMap();

/**
 * Shows who made a change. An import is a link with the name of its file, which comes a moment later.
 * @type {(context: Context, by: string | null, row?: MemberEvent["import"]) => Child}
 */
export function author(context, by, row) {
  const id = row?.id ?? (by?.startsWith("import:") ? by.slice("import:".length) : null);
  if (!id) return by && byText(by);
  const line = row?.line ? `, line ${row.line}` : "";
  if (!context.may("imports:read")) return `an import${line}`;
  const element = link(`an import${line}`, `#/imports/${id}`);
  const place = h("span", {}, element);
  fileOf(context, id)
    .then((file) => {
      if (file) element.textContent = file + line;
      else place.textContent = element.textContent;
    })
    .catch(() => null); // the link says enough without the name
  return place;
}

/** @type {(context: Context, id: string) => Promise<string | null>} */
function fileOf({ me }, id) {
  const known = files.get(me) ?? new Map();
  files.set(me, known);
  const file = known.get(id) ?? fetchFile(id);
  known.set(id, file);
  file.catch(() => known.delete(id));
  return file;
}

/** @type {(id: string) => Promise<string | null>} */
async function fetchFile(id) {
  try {
    return fileName(await call("GET", `/imports/${id}`));
  } catch (error) {
    if (error.transient) throw error;
    return null;
  }
}
