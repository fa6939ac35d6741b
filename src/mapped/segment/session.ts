import type { Memory } from "../../core/memory.ts";
import { bootId } from "../boot-id.ts";
import { SESSION } from "./segment-layout.ts";

/** How a segment was left by those who used it last. */
export type Ending =
  /** Closed in order by the last of them, and saved to the disk. */
  | "clean"
  /** They were killed, or are still there. What they have stored is all there, since the machine has run on. */
  | "killed"
  /** The machine was started anew since: what was not flushed may be lost, page by page. */
  | "lost-power";

/** How it was left: one word tells, which is stored at once, so nobody dies in the middle of it. */
export function endingOf({ i64 }: Memory): Ending {
  const session = Atomics.load(i64, SESSION / 2);
  if (session === 0n) return "clean";
  return session === thisBoot() ? "killed" : "lost-power";
}

/** From now on it is used, in this boot of the machine. */
export function beginSession({ i64 }: Memory): void {
  Atomics.store(i64, SESSION / 2, thisBoot());
}

/** It is left in order, and all of it is on the disk but for this word. */
export function endSession({ i64 }: Memory): void {
  Atomics.store(i64, SESSION / 2, 0n);
}

let boot: bigint | undefined;

/** 64 bits that tell this run of the machine from others, never 0. All runs are one where the system does not say. */
function thisBoot(): bigint {
  boot ??= BigInt.asIntN(64, BigInt(`0x0${bootId().slice(0, 16)}`) | 1n);
  return boot;
}
