// Permissions in the words of those who give them.

import { h } from "./dom.js";

/** @type {Record<string, string>} */
const WORDS = {
  "members:read": "Find and read members",
  "members:write": "Add, change and delete members",
  "members:erase": "Delete members together with their history",
  "members:export": "Export the members of an account as a file",
  "imports:read": "Read imports and their results",
  "imports:write": "Start, undo and cancel imports",
  "imports:approve": "Approve removals that wait",
  "access:admin": "Manage users, groups and tokens, and so give themselves everything",
};

/** @param {string} permission */
export const permissionText = (permission) => WORDS[permission] ?? permission;

/** The permissions for checkboxes, in words and with the names that the API has for them. */
export const permissionOptions = () =>
  Object.entries(WORDS).map(
    ([permission, words]) =>
      /** @type {const} */ ([permission, h("span", {}, words, " ", h("span", { class: "quiet" }, permission))]),
  );
