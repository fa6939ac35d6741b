import { MemoryError } from "./errors.ts";
import type { Memory } from "./memory.ts";

/** For what cannot be in a memory without writing to it. Throws `read-only`. */
export function checkWritableHome(subject: string, memory: Memory): void {
  if (!memory.readOnly) return;
  throw new MemoryError("read-only", {
    subject,
    event: `needs to write to ${memory.subject}, which is read-only`,
    cure: "Open it for writing.",
  });
}
