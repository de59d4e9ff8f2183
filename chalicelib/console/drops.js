// Files that are dropped anywhere on the page: they open the import's second step.

const ADDRESS = "#/imports/new";

/** @type {File[]} until the view of the steps takes them */
let dropped = [];

/** Returns the files that were dropped before the view opened. */
export function takeDropped() {
  const files = dropped;
  dropped = [];
  return files;
}

/** Whether files can be taken now: somebody is signed in, and no dialog asks something. */
const takesFiles = () => document.querySelector("header nav") !== null && !document.querySelector("dialog[open]");

for (const type of /** @type {const} */ (["dragover", "dragleave", "drop"]))
  addEventListener(type, (event) => {
    if (type !== "dragleave") event.preventDefault(); // the browser would open a dropped file in place of the page
    const carriesFiles = event.dataTransfer?.types.includes("Files") ?? false;
    document.body.classList.toggle("dropping", type === "dragover" && carriesFiles && takesFiles());
    if (type === "drop" && takesFiles()) openWith([...(event.dataTransfer?.files ?? [])]);
  });

/** @param {File[]} files */
function openWith(files) {
  if (!files.length) return;
  dropped = files;
  if (location.hash === ADDRESS) dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = ADDRESS;
}
