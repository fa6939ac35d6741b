import type { Parking } from "../core/parking.ts";
import { type AsyncWaitOptions, deadlineOf, LOOKS, SLICE_MS, type WaitOptions, YIELD_MS } from "./waiting.ts";

/** What waiting needs to know of an end of a ring. */
export interface Waiter {
  readonly subject: string;
  readonly parking: Parking;
  /** Looks whether there is something to do. Throws `closed` after the end. */
  look(): boolean;
  /** Whether nobody is there who could bring something. */
  isOver(): boolean;
  /** Says that somebody sleeps until a word changes, and which word that is and what it holds. */
  mark(): { readonly word: number; readonly seen: number };
  /** A promise that ends when this end is closed. */
  readonly ended: Promise<void>;
}

/** Waits until there is something to do. False when the time is over, or nobody is there who could bring something. */
export function waitFor(waiter: Waiter, { timeoutMs = Number.POSITIVE_INFINITY, strategy = "park" }: WaitOptions): boolean {
  const until = deadlineOf(waiter.subject, timeoutMs);
  for (let looks = 1; ; looks++) {
    if (waiter.look()) return true;
    if (looks % LOOKS !== 0 && (strategy === "spin" || looks < LOOKS)) continue;
    const left = until - performance.now();
    // In this order: the last one who is there may have brought something before it left.
    if (waiter.isOver() || left <= 0) return waiter.look();
    if (strategy === "spin") continue;
    const { word, seen } = waiter.mark();
    if (waiter.look()) return true;
    waiter.parking.wait(word, seen, Math.min(strategy === "yield" ? YIELD_MS : SLICE_MS, left));
  }
}

/** The same without holding the thread. Rejects with the reason of `signal` when that is aborted, and with `closed` when this end is closed. */
export async function waitForAsync(waiter: Waiter, options: AsyncWaitOptions): Promise<boolean> {
  const { timeoutMs = Number.POSITIVE_INFINITY, strategy = "park", signal } = options;
  const until = deadlineOf(waiter.subject, timeoutMs);
  let hear = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    hear = resolve;
  });
  signal?.addEventListener("abort", hear, { once: true });
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (waiter.look()) return true;
      const left = until - performance.now();
      if (waiter.isOver() || left <= 0) return waiter.look();
      const { word, seen } = waiter.mark();
      if (waiter.look()) return true;
      const rest = waiter.parking.waitAsync(word, seen, Math.min(strategy === "park" ? SLICE_MS : YIELD_MS, left));
      await Promise.race([rest, waiter.ended, aborted]);
    }
  } finally {
    signal?.removeEventListener("abort", hear);
  }
}
