import { throwEnded } from "../../core/ended.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";

export const SUBJECT = "message ring";

/** The errors of the ends of a message ring and of what they claim. */
export function throwClosed(memory: Memory, what: "read" | "written to"): never {
  const end = what === "read" ? "consumer" : "producer";
  throwEnded(memory, SUBJECT, `Keep the ${end} open for as long as it is used.`, `was ${what} after close()`);
}

export function throwClaimed(): never {
  throw new MemoryError("invalid-argument", {
    subject: SUBJECT,
    event: "was written to while this producer has a claim",
    cure: "Commit or abort the claim first.",
  });
}

export function throwLength(byteLength: number, maxByteLength: number): never {
  throw new MemoryError("invalid-argument", {
    subject: SUBJECT,
    event: "cannot hold a message of that length",
    numbers: { byteLength: String(byteLength), maxByteLength },
    cure: "Send it in parts, or make the ring with more byteCapacity.",
  });
}

export function throwTogether(messages: number, byteLength: number, maxByteLength: number): never {
  throw new MemoryError("invalid-argument", {
    subject: SUBJECT,
    event: "cannot hold messages at once that are so long together, each rounded up to 64 bytes",
    numbers: { messages, byteLength: String(byteLength), maxByteLength },
    cure: "Pass fewer at once, or make the ring with more byteCapacity.",
  });
}

export function throwRevoked(): never {
  throw new MemoryError("participant-lost", {
    subject: SUBJECT,
    event: "did not take a message: its claim was revoked, because it took too long",
    cure: "Write it again if it still matters.",
  });
}

export function throwSettled(what: "claim of a message" | "batch of messages"): never {
  throw new MemoryError("invalid-argument", {
    subject: what,
    event: "was used after it was committed or aborted",
    cure: "Claim another.",
  });
}
