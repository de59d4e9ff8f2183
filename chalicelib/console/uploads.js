// Files on their way. They go one at a time, each announced when its turn comes, and go on while other views are shown.

import { call, put, session } from "./api.js";
import { announce, button, failure, focusOn, h, link, redraw } from "./dom.js";
import { progressOf, summary, WORDS, watch } from "./progress.js";

const open = new Map(); // of each file that is not sent yet, what stops it
let all = new AbortController(); // of all that goes on for who is signed in
let turn = Promise.resolve(); // of the next file

/** Where they are shown. It outlives the view that shows it. */
export const cards = h("div", { class: "cards" });
const ended = new WeakSet(); // cards whose import is over: the list below them has it too

export const underWay = () => open.size;
export const told = new EventTarget(); // "change" where the list of imports has changed

/** Takes away the cards of what is over. */
export function tidy() {
  for (const card of [...cards.children]) if (ended.has(card)) card.remove();
}

/** Stops and forgets all of them; done when the registry knows. */
export async function stopAll() {
  all.abort();
  all = new AbortController();
  const stopping = [...open.values()].map((stop) => stop());
  cards.replaceChildren();
  await Promise.allSettled(stopping);
}

addEventListener("beforeunload", (event) => {
  if (open.size) event.preventDefault();
});

/** Takes a file; `options` are those of an import. Its card. */
export function send(file, options) {
  const stop = new AbortController();
  const title = h("h3", {}, file.name),
    now = h("div", {}, h("p", {}, "Waiting for its turn."));
  const card = h("section", { class: "card", "aria-label": file.name }, title, now);
  const whole = all.signal;
  const cancel = button("Cancel", () => stop.abort(), { "aria-label": `Cancel ${file.name}` });
  card.append(cancel);
  cards.prepend(card);

  const mine = Promise.race([turn, stopped(stop.signal)]).then(() => upload(file, options, stop.signal, now));
  turn = Promise.allSettled([turn, mine]);
  open.set(card, () => {
    stop.abort();
    return mine.catch(() => null);
  });
  mine
    .finally(() => {
      open.delete(card);
      told.dispatchEvent(new Event("change"));
    })
    .then(async (id) => {
      const progress = progressOf();
      redraw(card, h("h3", {}, link(file.name, `#/imports/${id}`)), progress.place);
      const done = await watch(id, whole, progress);
      ended.add(card);
      told.dispatchEvent(new Event("change"));
      announce(`${file.name}: ${WORDS[done.status]}. ${summary(done)}`);
    })
    .catch((error) => {
      ended.add(card);
      const again = () => {
        card.remove();
        focusOn(send(file, options).querySelector("h3"));
      };
      if (stop.signal.aborted) redraw(card, title, h("p", {}, "Not sent: nothing of it is imported."));
      else if (error.name !== "AbortError") redraw(card, title, failure(error, error.passing ? again : null));
    });
  return card;
}

const stopped = (signal) => new Promise((_, failed) => signal.addEventListener("abort", () => failed(signal.reason)));

/** The id of the import that a file became. What is stopped on its way is cancelled, with the token that began it. */
async function upload(file, options, signal, now) {
  const bar = h("progress", { max: "1", value: 0, "aria-label": `Upload of ${file.name}` });
  now.replaceChildren(h("p", {}, "Sending."), bar);
  const { token } = session;
  const announced = await call("POST", "/imports", { body: { filename: file.name, ...options }, signal });
  try {
    await put(
      announced.upload.url,
      file,
      (part) => {
        bar.value = part;
      },
      signal,
    );
  } catch (error) {
    await call("POST", `/imports/${announced.id}/cancel`, { token }).catch(() => null);
    throw error;
  }
  announce(`${file.name} is sent.`);
  return announced.id;
}
