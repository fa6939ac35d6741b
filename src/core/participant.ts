import { MemoryError } from "./errors.ts";

/** What stands in the place of an identity whose holder has left in good order, but whose affairs somebody else must still end. */
export const LEFT = -1;

/** Who takes part: numbers that tell this thread or process from others, and from others before it. */
export interface Participant {
  /** Neither 0 nor -1, 32 bits: a process id, a number that was dealt out. Default: a random one. */
  readonly identity?: number;
  /** Tells apart two that had the same identity one after another, such as the start time of the process. Default 0. */
  readonly stamp?: number;
  /**
   * Whether a participant is still there. It must never say no of one that is. With it what the dead held is recovered when what they took
   * part in runs out of room; without it, where `recover` is told.
   */
  readonly isAlive?: (identity: number, stamp: number) => boolean;
}

/** The identity and the stamp of one who takes part. Throws `invalid-argument`. */
export function identityOf(
  { identity = randomIdentity(), stamp = 0 }: Participant,
  subject: string,
): { readonly identity: number; readonly stamp: number } {
  if (Number.isInteger(identity) && (identity | 0) === identity && identity !== 0 && identity !== LEFT) {
    return { identity, stamp: stamp | 0 };
  }
  throw new MemoryError("invalid-argument", {
    subject,
    event: "needs an identity of 32 bits that is neither 0 nor -1",
    numbers: { identity: String(identity) },
    cure: "Pass a process id, or leave it out.",
  });
}

function randomIdentity(): number {
  return 1 + Math.floor(Math.random() * 0x7fff_fffe);
}
