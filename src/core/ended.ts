import { MemoryError } from "./errors.ts";
import type { Memory } from "./memory.ts";

/** Throws `closed` for the use of something in a memory that has ended: the error of the memory, where that is what was closed. */
export function throwEnded(memory: Memory, subject: string, cure: string, event = "was used after close()"): never {
  memory.checkOpen();
  throw new MemoryError("closed", { subject, event, cure });
}
