// The only way to the registry: its HTTP API, with the session's token. A password is sent once and never kept.

const root = new URL("../..", import.meta.url).href.slice(0, -1); // this file is /admin/<hash>/api.js of it
const KEPT = "rollcall.session"; // in this tab alone, and gone with it

export const session = {
  get token() {
    return sessionStorage.getItem(KEPT);
  },
  begin(token) {
    sessionStorage.setItem(KEPT, token);
  },
  /** Forgets the token, and whatever else this tab has kept for who had it. */
  end() {
    sessionStorage.clear();
  },
  /** Settled once the session that is on its way, if any, has begun. */
  coming: null,
  /** Whether there is a good token now in place of the one that was refused. The shell puts its own way here: it asks. */
  renewed: async () => false,
};

/** What the API refuses: its problem+json. Status 0 is an API that does not answer; `retryAfter` is in seconds, or null. */
export class Problem extends Error {
  constructor(status, body, retryAfter = null) {
    super(readable(body.detail ?? "Something went wrong."));
    const errors = (body.errors ?? []).map((error) => ({ ...error, detail: readable(error.detail) }));
    Object.assign(this, { status, code: body.code, errors, retryAfter });
  }

  /** Whether the same call may well succeed later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** A sentence of the API for people: `phone_number: …` is what a machine would call it. */
export const readable = (text) =>
  text.replace(
    /(^|\. )([a-z]+(?:_[a-z]+)*): /g,
    (_, before, name) => `${before}${name[0].toUpperCase()}${name.slice(1).replaceAll("_", " ")}: `,
  );

function headersOf({ body, basic, match }, token) {
  const sent = { Accept: "application/json" };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (match !== undefined) sent["If-Match"] = tagOf(match);
  if (basic) sent.Authorization = `Basic ${base64(`${basic.name}:${basic.password}`)}`;
  else if (token) sent.Authorization = `Bearer ${token}`;
  return sent;
}

/** The ETag of a member, user or group as `entity_tag` in members.py makes it: an item of a list has no header. */
const tagOf = ({ version, last_modified, created_at }) => `"${version}-${(last_modified ?? created_at ?? "0").replace(/[^0-9]/g, "")}"`;

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/**
 * A call of the API: what it answers as JSON, null for nothing. Throws Problem.
 * One that comes after the session's end waits for the next session and is made again, unless it brings a `token` of its own.
 */
export async function call(method, path, options = {}) {
  const { body, signal, basic } = options;
  const token = options.token ?? session.token;
  let answer;
  try {
    answer = await fetch(root + path, {
      method,
      headers: headersOf(options, token),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: "omit", // and no window of the browser's own that asks for a password
      cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The registry does not answer. Is there a connection?" });
  }
  const text = await answer.text();
  if (answer.ok) return text ? JSON.parse(text) : null;
  if (answer.status === 401 && !basic && !options.token && (await session.renewed(token)))
    return call(method, path, options);
  throw problemOf(answer, text);
}

function problemOf(answer, text) {
  let said = {};
  try {
    said = JSON.parse(text);
  } catch {
    /* a gateway's own words */
  }
  return new Problem(answer.status, said, Number(answer.headers.get("Retry-After")) || null);
}

export const query = (values) => {
  const given = Object.entries(values).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

/** Sends a file to a presigned address; `told` hears of each part that is sent, 0 to 1. */
export function put(url, file, told, signal) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    const fail = () => failed(new Problem(0, { detail: "The file could not be sent. Try again." }));
    request.open("PUT", url);
    request.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total);
    request.onload = () => (request.status < 300 ? done() : fail());
    request.onerror = fail;
    signal.addEventListener("abort", () => {
      request.abort();
      failed(new DOMException("", "AbortError"));
    });
    request.send(file);
  });
}
