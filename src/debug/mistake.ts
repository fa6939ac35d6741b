import { MemoryError, type MemoryErrorCode } from "../core/errors.ts";

/** What can be done wrong with the blocks of an allocator. */
export type MistakeKind =
  /** A block was never given back. */
  | "leak"
  /** A block was given back twice. */
  | "double-free"
  /** What was given back is no block of this allocator. */
  | "foreign-free"
  /** What was given back points into a block, not at its beginning. */
  | "interior-free"
  /** A block was given back or resized as one of another size. */
  | "wrong-size"
  /** A block was given back or resized as one of another alignment. */
  | "wrong-align"
  /** Bytes before a block were written. */
  | "underflow"
  /** Bytes behind a block were written. */
  | "overflow"
  /** A block that had been given back was written. */
  | "write-after-free"
  /** A view of a block that had been given back was used, or such a block was resized. */
  | "use-after-free"
  /** A block was written, given back, resized or viewed where it was before realloc moved it. */
  | "use-after-realloc"
  /** A block was given back, resized or viewed after the reset, the scope or the close that ended it. */
  | "use-after-reset";

/** One mistake, as plain data. */
export interface Mistake {
  readonly kind: MistakeKind;
  /** The allocator as its user knows it. */
  readonly subject: string;
  /** What happened, as the rest of a sentence. */
  readonly event: string;
  /** Where the block begins, or what was given in its place. */
  readonly ptr: number;
  readonly numbers: Readonly<Record<string, number | string | undefined>>;
  readonly cure: string;
  /** The stack that allocated the block, innermost frame first. */
  readonly allocated?: readonly string[];
  /** The stack that gave it back, moved it or ended it. */
  readonly ended?: readonly string[];
  /** The stack that made the mistake, or that found it. */
  readonly here?: readonly string[];
}

/** An error for one or several mistakes, the first of which it tells in full. */
export class MistakeError extends MemoryError {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const [first] = mistakes;
    super(codeOf(first.kind), first);
    this.mistakes = mistakes;
    this.message = mistakes.map(storyOf).join("\n\n");
    // V8 wrote the message into the stack before it was complete.
    if (typeof Error.captureStackTrace === "function") Error.captureStackTrace(this, MistakeError);
  }
}

/** A mistake in words, with its stacks. */
export function storyOf(mistake: Mistake): string {
  const { subject, event, numbers, cure, kind } = mistake;
  const told = Object.entries(numbers)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
  const stacks = [
    ...stackOf("allocated", mistake.allocated),
    ...stackOf(kind === "double-free" ? "first freed" : "ended", mistake.ended),
    ...stackOf(kind === "double-free" ? "freed again" : "found", mistake.here),
  ];
  return [`${kind}: ${subject} ${event} (${told.join(", ")}). ${cure}`, ...stacks].join("\n");
}

function stackOf(title: string, frames: readonly string[] | undefined): string[] {
  return frames === undefined || frames.length === 0 ? [] : [`  ${title}`, ...frames.map((frame) => `    at ${frame}`)];
}

function codeOf(kind: MistakeKind): MemoryErrorCode {
  if (kind === "overflow" || kind === "underflow" || kind === "write-after-free") return "corrupt";
  if (kind === "use-after-free" || kind === "use-after-realloc" || kind === "use-after-reset") return "stale-view";
  return "misuse";
}
