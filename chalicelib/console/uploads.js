// Uploads. Files are sent one at a time, and go on while other views are shown.

import { call, put } from "./api.js";
import { announce, button, failure, find, focusOn, h, link, redraw } from "./dom.js";
import { encodingChoice } from "./encodings.js";
import { followUp } from "./follow_up.js";
import { nameOf } from "./preview.js";
import { createProgress, watch } from "./progress.js";
import { endText } from "./removal_text.js";
import { session } from "./session.js";

/** @import { ImportOptions } from "./types" */

/** @type {Map<HTMLElement, () => Promise<unknown>>} by card: cancels the file, which is not sent yet */
const unsent = new Map();
/** @type {Map<string, {file: File, options: ImportOptions}>} by import: what was sent since the page was opened */
const sent = new Map();
let signedIn = new AbortController(); // aborts when the user's session ends
/** @type {Promise<unknown>} */
let previousUpload = Promise.resolve();

/** The cards of the uploads. They outlive the view that shows them. */
export const cards = h("div", { class: "cards" });
const finishedCards = new WeakSet(); // the list of imports shows these as well

export const unsentCount = () => unsent.size;
export const importChanges = new EventTarget(); // "change" when the list of imports has changed
const publishChange = () => importChanges.dispatchEvent(new Event("change"));

export function removeFinishedCards() {
  for (const card of [...cards.children]) if (finishedCards.has(card)) card.remove();
}

/** Stops and removes all uploads. Resolves when the API has cancelled their imports. */
export async function stopAll() {
  signedIn.abort();
  signedIn = new AbortController();
  const cancelled = [...unsent.values()].map((cancel) => cancel());
  cards.replaceChildren();
  sent.clear();
  await Promise.allSettled(cancelled);
}

addEventListener("beforeunload", (event) => {
  if (unsent.size) event.preventDefault();
});

/**
 * Returns a function that sends the file of an import again, as in another encoding, and goes to the view that shows
 * it; null if the page does not have the file.
 * @type {(id: string, navigateAway: (address: string) => void) => ((encoding: string) => void) | null}
 */
export function sendAgain(id, navigateAway) {
  const found = sent.get(id);
  if (!found) return null;
  return (encoding) => {
    send(found.file, { ...found.options, encoding });
    navigateAway("#/imports");
  };
}

/**
 * Queues a file, and returns its card.
 * @param {File} file
 * @param {ImportOptions} options
 */
export function send(file, options) {
  const cancelled = new AbortController();
  const title = h("h3", {}, file.name);
  const status = h("div", {}, h("p", {}, "Waiting for other files."));
  const card = h("section", { class: "card", "aria-label": file.name }, title, status);
  const { signal } = signedIn;
  card.append(button("Cancel", () => cancelled.abort(), { "aria-label": `Cancel ${file.name}` }));
  cards.prepend(card);

  const started = Promise.race([previousUpload, rejectOnAbort(cancelled.signal)]);
  const uploaded = started.then(() => upload(file, options, cancelled.signal, status));
  previousUpload = Promise.allSettled([previousUpload, uploaded]);
  unsent.set(card, () => {
    cancelled.abort();
    return uploaded.catch(() => null);
  });
  /** @param {ImportOptions} options */
  const sendInstead = (options) => {
    card.remove();
    focusOn(find(send(file, options), "h3"));
  };
  const retry = () => sendInstead(options);
  uploaded
    .finally(() => {
      unsent.delete(card);
      publishChange();
    })
    .then(async (id) => {
      sent.set(id, { file, options });
      const progress = createProgress({ brief: true, onStatus: publishChange });
      redraw(card, h("h3", {}, link(file.name, `#/imports/${id}`)), progress.place);
      const record = await watch(id, signal, progress);
      finishedCards.add(card);
      card.classList.add("done");
      redraw(
        progress.advice,
        encodingChoice(record, (encoding) => sendInstead({ ...options, encoding }), true),
      );
      const open = (/** @type {string} */ address) => {
        location.hash = address;
      };
      if (record.finished_at) card.append(h("div", {}, followUp(record, open, signal, true)));
      publishChange();
      announce(endText(file.name, record));
    })
    .catch((error) => {
      finishedCards.add(card);
      if (cancelled.signal.aborted) redraw(card, title, h("p", {}, "Not sent. Nothing was imported from this file."));
      else if (error.name !== "AbortError") redraw(card, title, failure(error, error.transient ? retry : null));
    });
  return card;
}

/** @type {(signal: AbortSignal) => Promise<never>} */
const rejectOnAbort = (signal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/**
 * Sends a file, and returns the id of its import. An upload that is stopped is cancelled, with the token that began it.
 * @param {File} file
 * @param {ImportOptions} options
 * @param {AbortSignal} signal
 * @param {HTMLElement} status
 * @returns {Promise<string>}
 */
async function upload(file, options, signal, status) {
  const bar = h("progress", { max: "1", value: 0, "aria-label": `Upload of ${file.name}` });
  status.replaceChildren(h("p", {}, "Sending."), bar);
  const { token } = session;
  const { id, upload } = await call("POST", "/imports", { body: { filename: nameOf(file), ...options }, signal });
  /** @param {number} part */
  const onProgress = (part) => {
    bar.value = part;
  };
  try {
    await put(upload.url, file, onProgress, signal);
  } catch (error) {
    await call("POST", `/imports/${id}/cancel`, { token }).catch(() => null);
    throw error;
  }
  announce(`${file.name} was sent.`);
  return id;
}
