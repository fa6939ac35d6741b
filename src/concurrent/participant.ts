import { MemoryError } from "../core/errors.ts";
import { LEFT } from "./shared-pool-layout.ts";

/** Who takes part: numbers that tell this thread or process from others, and from others before it. */
export interface Participant {
  /** Neither 0 nor -1, 32 bits: a process id, a number that was dealt out. Default: a random one. */
  readonly identity?: number;
  /** Tells apart two that had the same identity one after another, such as the start time of the process. Default 0. */
  readonly stamp?: number;
  /**
   * Whether a participant is still there. It must never say no of one that is. With it what the dead held is recovered when the pool runs out
   * of slots or seats; without it, where `recover` is told.
   */
  readonly isAlive?: (identity: number, stamp: number) => boolean;
}

/** What `recover` found. */
export interface Recovered {
  /** Seats whose holders were dead. */
  readonly seats: number;
  /** Slots that they had taken with them. */
  readonly slots: number;
  /** Handles of records that they had added, which are there still. */
  readonly orphans: readonly number[];
}

/** The identity and the stamp of one who takes part. Throws `invalid-argument`. */
export function identityOf({ identity = randomIdentity(), stamp = 0 }: Participant): {
  readonly identity: number;
  readonly stamp: number;
} {
  if (Number.isInteger(identity) && (identity | 0) === identity && identity !== 0 && identity !== LEFT) {
    return { identity, stamp: stamp | 0 };
  }
  throw new MemoryError("invalid-argument", {
    subject: "shared pool",
    event: "needs an identity of 32 bits that is neither 0 nor -1",
    numbers: { identity: String(identity) },
    cure: "Pass a process id, or leave it out.",
  });
}

function randomIdentity(): number {
  return 1 + Math.floor(Math.random() * 0x7fff_fffe);
}
