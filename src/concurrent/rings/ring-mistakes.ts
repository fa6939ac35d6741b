import { throwEnded } from "../../core/ended.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";

/** The errors of the ends of a ring. */
export function throwClosed(memory: Memory, subject: string): never {
  throwEnded(memory, subject, "Keep it open for as long as it is used, or take the role again.");
}

export function throwClaimed(subject: string, claimed: number): never {
  throw new MemoryError("invalid-argument", {
    subject,
    event: "was used while a chunk is claimed",
    numbers: { claimed },
    cure: "Commit or abort the chunk first.",
  });
}

export function throwCount(subject: string, count: number): never {
  throw new MemoryError("invalid-argument", {
    subject,
    event: "cannot claim so many slots",
    numbers: { count: String(count), least: 1 },
    cure: "Pass a whole number from 1.",
  });
}

export function throwLost(subject: string): never {
  throw new MemoryError("participant-lost", {
    subject,
    event: "has lost its role: another took it over, which believed this one dead",
    cure: "Close this end. Name only those dead that are.",
  });
}

export function checkFlushEvery(flushEvery: number, subject: string): number {
  if (Number.isInteger(flushEvery) && flushEvery >= 1) return flushEvery;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "needs a whole number as flushEvery",
    numbers: { flushEvery: String(flushEvery), least: 1 },
    cure: "Pass 1 to tell the other side at each item, 64 to tell it of 64 at once.",
  });
}
