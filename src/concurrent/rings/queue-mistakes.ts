import { throwEnded } from "../../core/ended.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";

/** The errors of a queue. */
export function throwClosed(memory: Memory, subject: string): never {
  throwEnded(memory, subject, "Keep it open for as long as it is used.");
}

export function throwEndedForAll(subject: string): never {
  throw new MemoryError("closed", {
    subject,
    event: "was ended, for all who take part: no more values are taken",
    cure: "Push before it is ended, or make it anew.",
  });
}

export function throwLost(subject: string, seat: number): never {
  throw new MemoryError("participant-lost", {
    subject,
    event: "has recovered this participant's seat, believing it dead",
    numbers: { seat },
    cure: "Attach again. Name only those dead that are.",
  });
}
