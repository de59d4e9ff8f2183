// The client of the HTTP API. It sends the session's token; a password is sent once and never kept.

import { session } from "./session.js";

/** @import { CallOptions, Versioned, FieldError, ProblemBody } from "./types" */

const baseUrl = new URL("../..", import.meta.url).href.slice(0, -1); // the script is /admin/<hash>/rollcall.js

/** An error of the API, as problem+json. Status 0: no response. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {ProblemBody} body
   * @param {number | null} [retryAfter] in seconds
   */
  constructor(status, body, retryAfter = null) {
    super(readable(body.detail ?? "Something went wrong."));
    this.status = status;
    this.code = body.code;
    /** @type {FieldError[]} */
    this.errors = (body.errors ?? []).map((error) => ({ ...error, detail: readable(error.detail) }));
    this.retryAfter = retryAfter;
    this.facts = { deleted_at: body.deleted_at, moved_to: body.moved_to };
  }

  /** Whether the same call may succeed later. */
  get transient() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * The label of a field of the API, in small letters.
 * @param {string} name
 */
export const fieldLabel = (name) => (name === "account_id" ? "account" : name.replaceAll("_", " "));

const FIELD_NAMES = /“[^”]*”|\b(account_id|client_member_id|first_name|last_name|phone_number)\b/g;

/**
 * Replaces the API's names of fields by their labels: `phone_number: …` becomes `Phone number: …`. What is quoted are
 * names of a file's own columns, and stays.
 * @param {string} text
 */
export const readable = (text) =>
  text
    .replace(/(^|\. )([a-z]+(?:_[a-z]+)*): /g, (_, before, name) => {
      const label = fieldLabel(name);
      return `${before}${label[0].toUpperCase()}${label.slice(1)}: `;
    })
    .replace(FIELD_NAMES, (found, name) => (name ? fieldLabel(name) : found));

/**
 * The ETag of a member, user or group, as `entity_tag` in preconditions.py builds it: items of a list have no header.
 * @param {Versioned} resource
 */
const etagOf = ({ version, last_modified, created_at }) =>
  `"${version}-${(last_modified ?? created_at ?? "0").replace(/[^0-9]/g, "")}"`;

/** @type {(options: CallOptions, token: string | null) => Record<string, string>} */
function requestHeaders({ body, content, basic, match }, token) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (content) headers["Content-Type"] = content.type;
  if (match !== undefined) headers["If-Match"] = etagOf(match);
  if (basic) headers.Authorization = `Basic ${base64(`${basic.name}:${basic.password}`)}`;
  else if (token) headers.Authorization = `Bearer ${token}`;
  return headers;
}

/** @param {string} text */
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/**
 * Calls the API. Returns the JSON of the response, or its text, null for an empty one. Throws Problem.
 * If the session has ended, or is too old for what it asks, it waits for the next one and calls again, unless the
 * options have a token of their own. Throws AbortError if the user does not want to confirm the password.
 * @param {string} method
 * @param {string} path
 * @param {CallOptions} [options]
 * @returns {Promise<any>}
 */
export async function call(method, path, options = {}) {
  const { body, content, signal, basic } = options;
  const token = options.token ?? session.token;
  let response;
  try {
    response = await fetch(baseUrl + path, {
      method,
      headers: requestHeaders(options, token),
      body: content ?? (body === undefined ? undefined : JSON.stringify(body)),
      signal,
      credentials: "omit", // keeps the browser from asking for a password by itself
      cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The registry does not respond. Check your connection." });
  }
  const text = await response.text();
  if (response.ok) return readBody(response, text);
  if (response.status === 401 && !basic && !options.token && (await session.renew(token)))
    return call(method, path, options);
  const problem = toProblem(response, text);
  if (problem.code !== "recent_password_needed" || basic || options.token) throw problem;
  if (await session.confirm(token)) return call(method, path, options);
  throw new DOMException("", "AbortError");
}

/** @type {(response: Response, text: string) => unknown} */
function readBody(response, text) {
  if (response.headers.get("Content-Type")?.startsWith("text/")) return text;
  return text ? JSON.parse(text) : null;
}

/** @type {(response: Response, text: string) => Problem} */
function toProblem(response, text) {
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    /* a gateway's own text */
  }
  return new Problem(response.status, body, Number(response.headers.get("Retry-After")) || null);
}

/**
 * Waits for a module that is loaded when it is first needed. Throws Problem: after a deployment the old one is gone.
 * @template T
 * @param {Promise<T>} loading
 */
export async function loaded(loading) {
  try {
    return await loading;
  } catch {
    throw new Problem(404, {
      detail: "This part of the page did not load. Reload the page: it may have been updated.",
    });
  }
}

/** @param {Record<string, string | number | null | undefined>} values */
export const query = (values) => {
  const given = Object.entries(values).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
};

/**
 * Sends a file to a presigned URL; `onProgress` gets the part that is sent, 0 to 1.
 * @param {string} url
 * @param {File} file
 * @param {(part: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function put(url, file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = () => reject(new Problem(0, { detail: "The file could not be sent. Try again." }));
    request.open("PUT", url);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => (request.status < 300 ? resolve() : fail());
    request.onerror = fail;
    signal.addEventListener("abort", () => {
      request.abort();
      reject(new DOMException("", "AbortError"));
    });
    request.send(file);
  });
}
