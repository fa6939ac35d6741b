import { MemoryError } from "../core/errors.ts";

/** Room of the engine's own for a moment's work. Throws `out-of-memory`. */
export function scratchWords(length: number): Uint32Array {
  try {
    return new Uint32Array(length);
  } catch (cause) {
    throw refused(length * 4, cause);
  }
}

/** The same in bytes. */
export function scratchBytes(length: number): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw refused(length, cause);
  }
}

function refused(byteLength: number, cause: unknown): MemoryError {
  return new MemoryError("out-of-memory", {
    subject: "the JavaScript engine",
    event: "has no room for the scratch memory of a sort",
    numbers: { byteLength },
    cure: "Sort fewer rows at a time.",
    cause,
  });
}
