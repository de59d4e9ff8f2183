// Edits that are not saved, in forms and in the two versions of a member: the page asks before it loses them.

/** @param {HTMLFormElement} form */
const valuesOf = (form) => JSON.stringify([...new FormData(form)]);

/**
 * Marks a form while its values differ from those that it has now. Returns a function that marks it again after a
 * refused submission.
 * @param {HTMLFormElement} form
 */
export function markUnsaved(form) {
  const before = valuesOf(form);
  const mark = () => {
    form.toggleAttribute("data-unsaved", valuesOf(form) !== before);
  };
  form.addEventListener("input", mark);
  form.addEventListener("change", mark);
  return mark;
}

/** @param {ParentNode} [place] */
export const hasUnsaved = (place = document) => place.querySelector("[data-unsaved]") !== null;

/**
 * Gives up the edits in a place, as those of a member that was deleted.
 * @param {ParentNode} place
 */
export function forgetUnsaved(place) {
  for (const edits of place.querySelectorAll("[data-unsaved]")) edits.removeAttribute("data-unsaved");
}

addEventListener("beforeunload", (event) => {
  if (hasUnsaved()) event.preventDefault();
});
