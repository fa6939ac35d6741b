import { MemoryError, type MemoryErrorCode } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { layoutWordOf } from "../layout/fingerprint.ts";
import type { Type } from "../layout/type.ts";

/*
 * The first words of a structure that outlives who made it, i32:
 *
 *   0 magic, 1 version, 2 features (0), 3 … what it was made with, then the sum of all before
 *
 * The magic is written last, so that who attaches too early finds none.
 */

/** What tells one kind of structure from others. */
export interface HeadKind {
  /** The thing for errors: `ring`. */
  readonly subject: string;
  readonly magic: number;
  readonly version: number;
}

export function writeHead({ i32 }: Memory, byteOffset: number, kind: HeadKind, words: readonly number[]): void {
  const first = byteOffset / 4;
  const all = [kind.magic, kind.version, 0, ...words];
  for (let word = 1; word < all.length; word++) i32[first + word] = all[word];
  i32[first + all.length] = sumOf(all);
  Atomics.store(i32, first, kind.magic);
}

/** The words behind the first three. Throws `corrupt`, `unsupported-format`, `out-of-bounds`, `invalid-argument`. */
export function readHead(memory: Memory, byteOffset: number, kind: HeadKind, count: number): number[] {
  checkBeginning(kind.subject, byteOffset);
  memory.checkRange(byteOffset, (count + 4) * 4);
  const first = byteOffset / 4;
  const magic = Atomics.load(memory.i32, first);
  const words = Array.from(memory.i32.subarray(first, first + count + 4));
  const [, version, features] = words;
  const refuse = (code: MemoryErrorCode, event: string, cure: string): never => {
    const subject = `${kind.subject} in ${memory.subject}`;
    throw new MemoryError(code, { subject, event, numbers: { byteOffset, version, features }, cure });
  };
  if (magic !== kind.magic)
    refuse("corrupt", "does not begin with the mark of one", "Make it before others attach, and attach at the same place.");
  if (words[count + 3] !== sumOf(words.slice(0, count + 3))) refuse("corrupt", "has a damaged header", "Make it anew.");
  if (version !== kind.version || features !== 0) {
    refuse("unsupported-format", "was made by another version of offheap", "Use the same version on all sides.");
  }
  return words.slice(3, count + 3);
}

/** Throws `layout-mismatch` unless the word of a layout, which a header had, is that of the type. */
export function checkHolds(
  memory: Memory,
  subject: string,
  layout: number,
  type: Type<unknown, never>,
  numbers: Readonly<Record<string, number>> = {},
): void {
  const given = layoutWordOf(type);
  if (layout === given) return;
  throw new MemoryError("layout-mismatch", {
    subject: `${subject} in ${memory.subject}`,
    event: `does not hold ${type.name}`,
    numbers: { ...numbers, layout, given },
    cure: "Attach with the type that it was made with.",
  });
}

/** Throws `invalid-argument` for a place where a structure cannot begin. */
export function checkBeginning(subject: string, byteOffset: number): void {
  if (Number.isSafeInteger(byteOffset) && byteOffset >= 0 && byteOffset % 64 === 0) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "cannot begin there",
    numbers: { byteOffset: String(byteOffset), align: 64 },
    cure: "Place it at a multiple of 64 bytes.",
  });
}

function sumOf(words: readonly number[]): number {
  return words.reduce((sum, word) => (Math.imul(sum ^ word, 0x9e37_79b1) + 0x7f4a_7c15) | 0, 0);
}
