// The addresses of the page: the view of each, the permission it needs, and the menu.

import * as access from "./access.js";
import { loaded } from "./api.js";
import "./drops.js";
import { showLine } from "./changes.js";
import { h, redraw } from "./dom.js";
import * as exports from "./exports.js";
import * as home from "./home.js";
import * as imports from "./imports.js";
import * as member from "./member.js";
import * as members from "./members.js";
import { permissionText } from "./permissions.js";

/** @import { May, Show } from "./types" */

/** @type {Show} the steps of an import, which few visits need */
const createImport = async (place, context) => (await loaded(import("./wizard.js"))).create(place, context);

/**
 * Address, view, permission, menu entry, and whether Back finds the view as it was left.
 * @type {[pattern: RegExp, show: Show, permission: string | null, key: string, keep: boolean][]}
 */
const ROUTES = [
  [/^\/?$/, home.show, null, "home", false],
  [/^\/members$/, members.list, "members:read", "members", true],
  [/^\/members\/new$/, member.create, "members:write", "members", true],
  [/^\/members\/([\w-]+)$/, member.show, "members:read", "members", true],
  [/^\/imports$/, imports.list, "imports:read", "imports", false],
  [/^\/imports\/new$/, createImport, "imports:write", "imports", true],
  [/^\/imports\/([\w-]+)$/, imports.show, "imports:read", "imports", true],
  [/^\/imports\/([\w-]+)\/lines\/(\d{1,9})$/, showLine, "imports:read", "imports", true],
  [/^\/exports$/, exports.list, "members:export", "exports", false],
  [/^\/exports\/([\w-]+)$/, exports.show, "members:export", "exports", false],
  [/^\/access\/(users|groups|tokens)$/, access.list, "access:admin", "access", false],
];
/** @type {{key: string, text: string, address: string, permission: string, unless?: string}[]} */
const MENU = [
  { key: "members", text: "Members", address: "#/members", permission: "members:read" },
  // Users who may read members find this above their list.
  {
    key: "members",
    text: "Add a member",
    address: "#/members/new",
    permission: "members:write",
    unless: "members:read",
  },
  { key: "imports", text: "Imports", address: "#/imports", permission: "imports:read" },
  { key: "exports", text: "Exports", address: "#/exports", permission: "members:export" },
  { key: "access", text: "Access", address: "#/access/users", permission: "access:admin" },
];
/**
 * The menu of a user.
 * @param {May} may
 */
export const menu = (may) => MENU.filter(({ permission, unless }) => may(permission) && !(unless && may(unless)));

/**
 * Finds the view of a path. If there is none, or the user lacks the permission, returns a view that says so.
 * @type {(path: string, may: May) => {show: Show, key?: string, keep: boolean, parts: string[]}}
 */
export function resolve(path, may) {
  /** @type {(title: string, text: string) => {show: Show, keep: boolean, parts: string[]}} */
  const message = (title, text) => ({
    show: (place) => redraw(place, h("h1", {}, title), h("p", {}, text)),
    keep: false,
    parts: [],
  });
  if (!menu(may).length)
    return message("No access yet", "Your groups grant no permission that this page needs. Ask an admin for one.");
  const route = ROUTES.find(([pattern]) => pattern.test(path));
  if (!route) return message("Page not found", "No page has this address.");
  const [pattern, show, permission, key, keep] = route;
  if (permission && !may(permission)) {
    const needed = `${permissionText(permission)} (${permission})`;
    return message("No permission", `None of your groups grants what this page needs: ${needed}. Ask an admin for it.`);
  }
  return { show, key, keep, parts: pattern.exec(path)?.slice(1).map(decodeURIComponent) ?? [] };
}
