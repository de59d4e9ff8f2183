// Signing in at the OpenID Connect issuer of the deployment, if there is one: the authorization code flow with PKCE
// (RFC 7636). The token is the session of this tab; what renews it is in the storage of the tab too.

import { Problem } from "./api.js";

/** @import { SignOn, SignOnTokens } from "./types" */

const PENDING = "rollcall.sign-on"; // what the answer of the issuer is checked by
const REFRESH = "rollcall.refresh";

/** @type {SignOn | null} */
const issuer = JSON.parse(document.querySelector("meta[name=sign-on]")?.getAttribute("content") || "null");
const page = location.origin + location.pathname.replace(/\/$/, "");

/** Whether people can sign in at an issuer. */
export const hasSignOn = issuer !== null;

/** Whether the address of the page is an answer of the issuer. */
export const isSignOnAnswer = () => hasSignOn && new URLSearchParams(location.search).has("state");

/** @param {Uint8Array} bytes */
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/**
 * Leaves the page for the issuer's. With `fresh` the issuer asks who it is, even if it knows.
 * @param {boolean} fresh
 */
export async function signOn(fresh) {
  if (!issuer) return;
  const pending = { state: random(), nonce: random(), verifier: random(), hash: location.hash };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  const address = new URL(issuer.authorization);
  const query = {
    response_type: "code",
    client_id: issuer.client_id,
    redirect_uri: page,
    scope: issuer.scope,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
    ...(fresh ? { prompt: "login" } : {}),
  };
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  location.assign(address.href);
}

/** Returns the token for the answer of the issuer, and takes that out of the address. Throws Problem. */
export async function finishSignOn() {
  const answer = new URLSearchParams(location.search);
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", location.pathname + (pending?.hash ?? ""));
  if (!issuer || !pending || answer.get("state") !== pending.state || !isFrom(issuer.issuer, answer.get("iss")))
    throw new Problem(400, { detail: "This sign-in was not started here. Sign in again." });
  const code = answer.get("code");
  if (!code) throw new Problem(400, { detail: "The sign-in was not completed. Try again." });
  const tokens = await requestTokens({
    grant_type: "authorization_code",
    code,
    redirect_uri: page,
    code_verifier: pending.verifier,
  });
  if (claimsOf(tokens.id_token).nonce !== pending.nonce)
    throw new Problem(400, { detail: "The issuer's answer is not for this sign-in. Sign in again." });
  return kept(tokens);
}

/**
 * Whether an answer is from this issuer, if it says which (RFC 9207): one issuer's code is not sent to another.
 * @param {string} expected
 * @param {string | null} named
 */
const isFrom = (expected, named) => named === null || named === expected;

/** Returns a new token in place of one that has expired, null if the user has to sign in again. */
export async function renewedToken() {
  const refresh = sessionStorage.getItem(REFRESH);
  if (!issuer || !refresh) return null;
  try {
    return kept(await requestTokens({ grant_type: "refresh_token", refresh_token: refresh }));
  } catch {
    return null;
  }
}

/**
 * Keeps what renews the tokens. Returns the one to send. Throws Problem if the issuer has not sent it.
 * @param {SignOnTokens} tokens
 */
function kept(tokens) {
  if (tokens.refresh_token) sessionStorage.setItem(REFRESH, tokens.refresh_token);
  const token = issuer?.sends_id_token ? tokens.id_token : tokens.access_token;
  if (!token) throw new Problem(400, { detail: "The issuer has sent no token. Tell the operator." });
  return token;
}

/**
 * Requests tokens of the issuer. Throws Problem.
 * @param {Record<string, string>} grant
 * @returns {Promise<SignOnTokens>}
 */
async function requestTokens(grant) {
  if (!issuer) throw new Problem(400, { detail: "There is no single sign-on." });
  const body = new URLSearchParams({ ...grant, client_id: issuer.client_id });
  let response;
  try {
    response = await fetch(issuer.token, { method: "POST", body, credentials: "omit", cache: "no-store" });
  } catch {
    throw new Problem(0, { detail: "The issuer does not respond. Check your connection, then sign in again." });
  }
  if (!response.ok) throw new Problem(response.status, { detail: "The issuer refused the sign-in. Try again." });
  return response.json();
}

/**
 * Whether a token says when its user has signed in.
 * @param {string | null} token
 */
export const tellsSignInTime = (token) => claimsOf(token ?? "").auth_time !== undefined;

/**
 * Returns the claims of a token, which came from the issuer itself: its signature is the API's business.
 * @param {string | undefined} token
 * @returns {{nonce?: string, auth_time?: number}}
 */
function claimsOf(token) {
  try {
    return JSON.parse(atob((token ?? "").split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return {};
  }
}
