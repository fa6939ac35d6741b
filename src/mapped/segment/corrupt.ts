import { MemoryError } from "../../core/errors.ts";

/** The error for a segment that contradicts itself. */
export function throwCorrupt(subject: string, found: readonly string[]): never {
  throw new MemoryError("corrupt", {
    subject,
    event: `contradicts itself: ${found[0]}`,
    numbers: { problems: found.length },
    cure: "Take a copy of the file, or make it again from its sources.",
  });
}
