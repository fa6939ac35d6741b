import { MemoryError } from "./errors.ts";
import { sharedMemory } from "./homes.ts";

/** How long a participant that is busy, or recovers, may take. */
const PATIENCE_MS = 10_000;
/** So often it is looked at once more before anybody waits: what others do takes microseconds. */
const QUICK_LOOKS = 100;

/** Waits until `holds`. Throws `participant-lost`, naming the seat that is waited for, when that takes too long. */
export function waitUntil(holds: () => boolean, subject: string, seat: number | undefined): void {
  const until = performance.now() + PATIENCE_MS;
  for (let looks = 0; !holds(); looks++) {
    if (looks < QUICK_LOOKS) continue;
    if (performance.now() > until) {
      throw new MemoryError("participant-lost", {
        subject,
        event: "has waited for another participant for too long",
        numbers: { seat, patienceMs: PATIENCE_MS },
        cure: "Recover with the seats of those that are dead, or attach with isAlive.",
      });
    }
    pause();
  }
}

let never: Int32Array | undefined;

/** A millisecond, where this thread may wait; else nothing. */
function pause(): void {
  try {
    never ??= sharedMemory(4).i32;
    Atomics.wait(never, 0, 0, 1);
  } catch {
    // The main thread of a page may not wait: it looks again at once.
  }
}
