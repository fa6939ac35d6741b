import { MemoryError } from "../../../core/errors.ts";
import { hexWord } from "../../../core/hex.ts";
import type { Memory } from "../../../core/memory.ts";
import type { KindReader } from "../kind.ts";

/** The reader of a kind whose structures are one block that can lie anywhere. `check` looks at its header. */
export function oneBlock(kind: string, format: number, check: KindReader["check"] = () => []): KindReader {
  return {
    kind,
    format,
    canMove: () => true,
    blocks: (_memory: Memory, ptr: number, byteSize: number) => [{ ptr, byteSize }],
    check,
  };
}

/** The same where the block begins with the mark of its kind. */
export function markedBlock(kind: string, format: number, mark: number): KindReader {
  return oneBlock(kind, format, (memory, byteOffset) => checkMark(memory, byteOffset, mark));
}

/** Says so when a block does not begin with the mark of its kind. */
export function checkMark(memory: Memory, byteOffset: number, mark: number): string[] {
  const found = memory.i32[byteOffset / 4];
  return found === mark ? [] : [`begins with ${hexWord(found)} and not with the mark ${hexWord(mark)}`];
}

/** What a structure cannot be made without. Throws `invalid-argument` where it was not told. */
export function sizeNeeded(kind: string, name: string, what: string, size: number | undefined): number {
  if (size !== undefined) return size;
  throw new MemoryError("invalid-argument", {
    subject: `${kind} "${name}"`,
    event: `is not there, and cannot be made without { ${what} }`,
    cure: `Pass { ${what} }, or open the segment in which it was made.`,
  });
}
