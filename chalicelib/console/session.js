// The session of the user. Its token is in the storage of this tab, or for those who stay signed in on this device in
// that of the browser, which all tabs read.

const KEY = "rollcall.session";

/** @returns {{token: string, name: string} | null} the session that is kept on this device */
const keptSession = () => JSON.parse(localStorage.getItem(KEY) ?? "null");

export const session = {
  /** The name of the user whom this tab shows, "" for none: it sends nothing in the name of another one. */
  user: "",
  /** @returns {string | null} */
  get token() {
    const own = sessionStorage.getItem(KEY);
    const kept = keptSession();
    if (own || !kept) return own;
    return !session.user || session.user === kept.name ? kept.token : null;
  },
  /** Whether this tab uses the session that is kept on this device. */
  get kept() {
    return !sessionStorage.getItem(KEY) && keptSession() !== null;
  },
  /** The name of the user whose session is kept on this device, "" without one. */
  get keptName() {
    return keptSession()?.name ?? "";
  },
  /** The tokens of this tab and this device, of which the first is in use. */
  get tokens() {
    return [sessionStorage.getItem(KEY), keptSession()?.token].filter((token) => token !== null && token !== undefined);
  },
  /**
   * Starts a session in this tab, or with `keep` on this device, in place of those that were there.
   * @param {string} token
   * @param {string} name
   * @param {boolean} keep
   */
  start(token, name, keep) {
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(KEY);
    if (keep) localStorage.setItem(KEY, JSON.stringify({ token, name }));
    else sessionStorage.setItem(KEY, token);
  },
  /** Removes what this tab stores for the user. */
  leaveTab() {
    sessionStorage.clear();
  },
  /** Removes what this tab and this device store for the user. Other tabs that use the kept session end, too. */
  end() {
    sessionStorage.clear();
    localStorage.removeItem(KEY);
  },
  /**
   * Calls back when another tab starts or ends the session that is kept on this device.
   * @param {() => unknown} onChange
   */
  onKeptChange(onChange) {
    addEventListener("storage", ({ key }) => {
      if ((key === KEY || key === null) && !sessionStorage.getItem(KEY)) onChange();
    });
  },
  /**
   * Settles when the session that is about to start, if any, has started.
   * @type {Promise<unknown> | null}
   */
  pending: null,
  /**
   * Returns whether there is a valid token in place of a refused one. The shell replaces this: it asks for the password.
   * @param {string | null} _refused
   */
  renew: async (_refused) => false,
  /**
   * Returns whether there is a session with a recent password in place of the one that is too old to grant access. The
   * shell replaces this: it asks for the password.
   * @param {string | null} _refused
   */
  confirm: async (_refused) => false,
};
