// The account of files that are about to be imported: the one in the header, until the user types another.

import { accountField, defaultAccount, may, onAccountChange } from "./accounts.js";
import { find, h } from "./dom.js";

/** @import { Context } from "./types" */

const WRITE = "imports:write";

export class FileAccount {
  #me;
  #typed = false;
  /** Shows the account in the current step. */
  #show = () => {};

  /**
   * @param {Context} context
   * @param {() => boolean} mayFollow
   */
  constructor({ me, signal }, mayFollow) {
    this.#me = me;
    /** @type {string} "" if each row names its own */
    this.value = defaultAccount(me, WRITE);
    onAccountChange(signal, (account) => {
      if (account === this.value) return true;
      if (this.#typed || !mayFollow() || !may(me, WRITE, account)) return false;
      this.value = account;
      this.#show();
      return true;
    });
  }

  /** Creates the field of the first step. */
  field() {
    const place = accountField(this.#me, WRITE, this.value, {
      hint: "All rows belong to it; rows that name another are rejected. If blank, each row names its own.",
    });
    const input = /** @type {HTMLInputElement} */ (find(place, "input"));
    input.dataset.follows = "";
    input.addEventListener("input", () => {
      this.value = input.value.trim();
      this.#typed = this.value !== "";
    });
    this.#show = () => {
      input.value = this.value;
    };
    return place;
  }

  /**
   * Creates the line of the other steps; `onChange` is called when the header has chosen another account.
   * @param {() => void} onChange
   */
  line(onChange) {
    const place = h("p", { "data-follows": "" });
    const draw = () => {
      place.textContent = `For account ${this.value}.`;
      place.hidden = !this.value;
    };
    draw();
    this.#show = () => {
      draw();
      onChange();
    };
    return place;
  }
}
