import { MemoryError } from "../../core/errors.ts";

export const SUBJECT = "reader-writer lock";

export function throwUpgrade(seat: number): never {
  throw new MemoryError("invalid-argument", {
    subject: SUBJECT,
    event: "is read by the very participant that wants to write, which would wait for itself",
    numbers: { heldBy: seat },
    cure: "Release `read` first, and look again at what was read once `write` is held.",
  });
}

export function throwSecondHandle(seat: number): never {
  throw new MemoryError("invalid-argument", {
    subject: SUBJECT,
    event: "is read by this participant through another handle",
    numbers: { seat },
    cure: "Make one handle a thread, and pass it on.",
  });
}

export function throwNotReading(seat: number): never {
  throw new MemoryError("invalid-argument", {
    subject: SUBJECT,
    event: "was released by one that does not read",
    numbers: { seat },
    cure: "Release it once, after it was acquired, through the same handle.",
  });
}
