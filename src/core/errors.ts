/**
 * Every mistake that offheap reports is a {@link MemoryError}. States that a correct program meets (a full arena asked with
 * `try…`, a missing key) are returned, never thrown.
 */
export type MemoryErrorCode =
  /** An argument is not of the type, the range or the shape that the call needs. */
  | "invalid-argument"
  /** An offset or an index lies outside the memory, the structure or the column. */
  | "out-of-bounds"
  /** An allocator, a memory or an id space has no room left. */
  | "out-of-memory"
  /** The file system has no room left. Nothing was half written. */
  | "disk-full"
  /** The memory, the file or the structure was closed before this use. */
  | "closed"
  /** A view outlived the scope, the arena or the reset that made it. */
  | "stale-view"
  /** A handle outlived what it names: that was removed, cleared away or detached. */
  | "stale-handle"
  /** Another thread or process holds what is needed, and has ended or hangs in the middle of an operation. */
  | "participant-lost"
  /** A handle that this pool never gave out: another pool's, another form's, or made up. */
  | "foreign-handle"
  /** The value was moved away from this owner: another has it now. */
  | "moved"
  /** Somebody holds a borrow of the value that this use does not go with. */
  | "borrowed"
  /** A value does not fit its type: out of range, not exact, not a member, too long. */
  | "bad-value"
  /** The bytes are laid out for another type than the one they are opened with. */
  | "layout-mismatch"
  /** The file is not one of ours. */
  | "not-an-offheap-file"
  /** The file is of a format version or uses features that this version cannot read. */
  | "unsupported-format"
  /** The bytes contradict themselves or their checksum. */
  | "corrupt"
  /** Input text is malformed: CSV, TSV, JSON or NDJSON, or not UTF-8. */
  | "malformed-input"
  /** The same key twice where keys must differ. */
  | "duplicate-key"
  /** A block was freed twice, never, as another, or by who does not have it: what a tracker finds. */
  | "misuse"
  /** A stretch of a program allocated something else than its budget allows. */
  | "over-budget"
  /** A piece of code does not survive it when one of its allocations fails. */
  | "allocation-failure"
  /** The operating system refused: no such file, no permission, a directory, … */
  | "io"
  /** Another thread or process holds what is needed, and did not let go of it in time. */
  | "locked"
  /** The memory is read-only. */
  | "read-only"
  /** This engine, platform or installation cannot do it. */
  | "unsupported";

/** What an error tells: who, what happened, the numbers, and what to do about it. */
export interface MemoryErrorParts {
  /** The thing that the error is about, as its user knows it: `arena`, `cities.tsv line 3`. */
  readonly subject: string;
  /** What happened, as the rest of a sentence: `has no room for the allocation`. */
  readonly event: string;
  /** The numbers, printed as `name=value`. */
  readonly numbers?: Readonly<Record<string, number | bigint | string | undefined>>;
  /** Numbers that the subject tells already, as of a place in a file: kept for programs among the others, not printed again. */
  readonly place?: Readonly<Record<string, number | string | undefined>>;
  /** What the user can do, as a whole sentence. */
  readonly cure: string;
  /** What lies below, where something does. */
  readonly cause?: unknown;
}

/** The one error class of offheap. `code` is stable; the message is for people. */
export class MemoryError extends Error {
  override readonly name = "MemoryError";
  readonly code: MemoryErrorCode;
  /** The thing that the error is about, as its user knows it: `arena`, `cities.tsv line 3`. */
  readonly subject: string;
  /** What the message tells as `name=value`. */
  readonly numbers: Readonly<Record<string, number | bigint | string | undefined>>;
  /** What the user can do, as a whole sentence. */
  readonly cure: string;

  constructor(code: MemoryErrorCode, parts: MemoryErrorParts) {
    super(sentence(parts), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = code;
    this.subject = parts.subject;
    this.numbers = { ...parts.place, ...parts.numbers };
    this.cure = parts.cure;
  }
}

function sentence({ subject, event, numbers, cure }: MemoryErrorParts): string {
  const told = Object.entries(numbers ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
  return `${subject} ${event}${told === "" ? "" : ` (${told})`}. ${cure}`;
}
