// The types of the page's modules, for `tsc` and editors; never sent to a browser.

/** A child of an element; `h` flattens lists and leaves out null and undefined. */
export type Child = Node | string | null | undefined | readonly Child[];
export type Attributes = Record<string, string | number | boolean | null | undefined>;

export type Me = { kind: string; name: string; grants: Record<string, string[] | "*"> };
export type May = (permission: string, account?: string) => boolean;

/** What a view gets besides its place. */
export type Context = {
  me: Me;
  may: May;
  signal: AbortSignal;
  query: URLSearchParams;
  parts: string[];
  navigateAway: (address: string) => void;
  replaceAddress: (address: string) => void;
};
export type Show = (place: HTMLElement, context: Context) => unknown;
export type View = {
  entry: string;
  index: number; // of the entry among those of the page
  place: HTMLElement;
  controller: AbortController;
  context: Context;
  show: Show;
  key: string | undefined;
  keep: boolean;
  shown: boolean;
  scrolled: [element: Element, left: number, top: number][];
  focused: HTMLElement | null;
};

/** The issuer of single sign-on, as the page's `sign-on` has it. */
export type SignOn = {
  issuer: string;
  authorization: string;
  token: string;
  client_id: string;
  scope: string;
  sends_id_token: boolean;
};
export type SignOnTokens = { id_token?: string; access_token?: string; refresh_token?: string };
export type Credentials = { name: string; password: string };
export type Versioned = { version: number; last_modified?: string; created_at?: string | null };
export type CallOptions = {
  body?: unknown;
  content?: Blob; // in place of the body, with its own type
  signal?: AbortSignal;
  basic?: Credentials;
  token?: string | null;
  match?: Versioned;
};
export type FieldError = { pointer: string; code: string; detail: string; member?: { id: string } };
export type ProblemBody = {
  detail?: string;
  code?: string;
  errors?: FieldError[];
  deleted_at?: string;
  moved_to?: string;
};

export type MemberField = "first_name" | "last_name" | "phone_number" | "client_member_id" | "account_id";
export type MemberValues = Record<MemberField, string>;
export type Member = MemberValues & {
  id: string;
  version: number;
  created_at: string;
  last_modified: string;
  created_by: string | null;
  modified_by: string | null;
};

export type Page<T> = { items: T[]; next: string | null };
/**
 * A way to search for a text: the API's filter, its value, the accounts to search one by one ("" for all at once), what
 * people call it and what it looks for.
 */
export type Way = { by: string; value: string; accounts: string[]; label: string; noun: string };
/** What a way has found first: `items` are those that no more exact way has, `count` all of them. */
export type Found = { way: Way; items: Member[]; count: number; more: boolean };

export type MemberEvent = {
  action: "created" | "updated" | "moved" | "deleted" | "restored";
  version: number;
  at: string;
  by: string | null;
  import?: { id: string; line?: number };
  moved_to?: string;
  moved_from?: string;
  changes: Partial<Record<MemberField, { from: string | null; to: string | null }>>;
};

export type Status =
  | "awaiting_upload"
  | "splitting"
  | "loading"
  | "awaiting_approval"
  | "completed"
  | "failed"
  | "cancelled";
export type Mode = "create" | "upsert" | "delete" | "sync" | "validate" | "undo";
export type Outcome = "created" | "updated" | "unchanged" | "deleted" | "rejected";
export type Counts = Record<Outcome | "rows" | "removed", number>;
export type Removal = {
  state:
    | "pending"
    | "not_done"
    | "within_limits"
    | "awaiting_approval"
    | "approved"
    | "declined"
    | "superseded"
    | "expired";
  members: number;
  found: number;
  detail: string | null;
  decided_by: string | null;
};
export type Estimate = { write_units: number; dollars: number; minutes: number | null };
export type Import = {
  id: string;
  status: Status;
  mode: Mode;
  dry_run: boolean;
  applies: string | null;
  of: string | null;
  of_file: string | null;
  applied_by: string | null;
  undone_by: string | null;
  source: { key: string };
  counts: Counts;
  percent: number;
  progress_at: string | null;
  seconds_left: number | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  error: { code: string; detail: string } | null;
  created_by: string | null;
  encoding: string | null;
  encoding_guessed: boolean;
  encoding_examples: string[];
  encoding_candidates: { encoding: string; names: string[] }[];
  account_id: string | null;
  region: string | null;
  max_rejected: string | null;
  rows: number | null;
  changed_since: number;
  removal: Removal | null;
  estimate: Estimate | null;
};
export type PreviewColumn = { name: string; field: string | null; means: string | null };
export type PreviewRow = {
  line: number;
  cells: string[];
  code: string | null;
  reason: string | null;
  column: number | null;
};
/** How an import would read a file, as far as its start shows. */
export type Preview = {
  encoding: string | null;
  encoding_sure: boolean;
  encoding_candidates: { encoding: string; names: string[] }[];
  sheets: string[];
  lines_above_header: { line: number; text: string }[];
  columns: PreviewColumn[];
  missing: string[];
  modes: string[];
  rows: PreviewRow[];
  problem: { code: string; detail: string } | null;
};
/** A file that is not sent yet: its preview, or why it is `without` one; the encoding and columns that were chosen. */
export type Draft = {
  file: File;
  preview: Preview | null;
  without: string;
  refusal: string; // of the API, by which no import could start
  deletes: boolean; // whether the user says that it deletes members
  asked: string; // what the preview was asked with
  encoding: string;
  columns: Record<string, string>;
  candidates: Preview["encoding_candidates"];
};
export type Warning = { code: string; text: string; count: number; cells: { line: number; column: string }[] };
export type Report = {
  codes?: Record<string, number>;
  changed_since_by?: Record<string, number>;
  columns?: { used?: Record<string, string>; ignored?: string[] };
  passed_over?: Record<string, string[]>;
  sheets?: string[];
  lines_above_header?: { line: number; text: string }[];
  warnings?: Warning[];
};
export type RejectedRow = { line: number; code: string; reason: string; column: number | null; cells: string[] };
export type ChangedRow = {
  line: number | null;
  outcome: string;
  code: string | null;
  member_id: string | null;
  changes: Record<string, { from: string | null; to: string | null }>;
  changed_by: string | null;
};
/** The options of an import, as they are sent. */
export type ImportOptions = {
  mode: string;
  dry_run: boolean;
  account_id?: string;
  encoding?: string;
  region?: string;
  max_rejected?: string;
  rows?: number;
  columns?: Record<string, string>;
};
export type ProgressView = {
  place: HTMLElement;
  advice: HTMLElement; // below the error of an import that has failed
  update: (record: Import) => void;
  showTrouble: (text: string) => void;
};

export type NewExport = { account_id: string; last_name_prefix?: string | null; format?: string };
export type Export = {
  id: string;
  status: "queued" | "running" | "completed" | "failed";
  account_id: string;
  last_name_prefix: string | null;
  format: string;
  rows: number;
  as_of: string;
  size: number | null;
  created_by: string | null;
  finished_at: string | null;
  error: { code: string; detail: string } | null;
};

export type User = Versioned & { name: string; groups: string[]; active: boolean; last_login: string | null };
export type Group = Versioned & { name: string; permissions: string[]; accounts: string[] | "*" };
export type Token = {
  name: string;
  groups: string[];
  created_by: string | null;
  expires_at: string;
  last_used: string | null;
};

export type AccessEntry = { name: string; version?: number; created_at?: string | null };
/** Resolves to the name of a user who is no admin any more and may have created tokens, else to another value. */
export type AccessTask = () => Promise<unknown>;
/** Creates the cell with the buttons of a user, group or token. */
export type AccessActions = (entry: AccessEntry, edit?: AccessTask) => HTMLElement;
export type AccessTab = {
  title: string;
  noun: string;
  empty: string;
  about: string;
  add: AccessTask;
  // biome-ignore lint/suspicious/noExplicitAny: of users, groups or tokens
  columns: (actions: AccessActions) => Column<any>[];
};

/** A column of a table: its title, the content of its cell for an item, a class. */
export type Column<T> = [title: string, cell: (item: T) => Child, className?: string];
export type ListOptions<T> = {
  path: string;
  caption: string;
  noun: string;
  columns: Column<T>[];
  empty: string | (() => HTMLElement);
  signal: AbortSignal;
  filters?: Record<string, string>;
  /** Reads a page in place of `path` and `filters`. */
  load?: (limit: number, cursor: string | null) => Promise<Page<T>>;
  /** Whether a page is read only when the user asks for it, as each searches a part of the items. */
  inParts?: boolean;
  size?: number;
  /** A part of a view that announces something else, such as that a member was saved. */
  quiet?: boolean;
  /** The order of the items by the first column, if the API has it from both ends. */
  order?: { descending: boolean; onChange: (descending: boolean) => void };
  onRefused?: (problem: import("./api.js").Problem) => boolean;
};
/** A field of a form: with `options` a select, else an input. */
export type FieldOptions = {
  name: string;
  label: string;
  hint?: string;
  type?: string;
  value?: string;
  options?: readonly (readonly [value: string, text: string])[];
  accept?: string;
  autocomplete?: string;
  autofocus?: boolean;
  inputmode?: string;
  "data-first"?: boolean; // gets the focus again after a search
  list?: string;
  max?: string;
  min?: string;
  multiple?: boolean;
  required?: boolean;
  size?: number;
};
