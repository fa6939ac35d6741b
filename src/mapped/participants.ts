import { randomInt } from "node:crypto";
import type { Dependent } from "../core/backing.ts";
import { A_MEMORY, checkCall } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import type { Participant } from "../core/participant.ts";
import { FileLocks, LockedByte } from "./file-locks.ts";
import type { MappedMemory } from "./mapped-memory.ts";

/** Identities that are dealt out here: the negative words but for -1, which means "left". Others are process ids or random, and positive. */
const LEAST_IDENTITY = -(2 ** 31);
const FIRST_OTHER = -1;

/**
 * Takes part in what lies in a mapped memory, as somebody of whom all others can tell whether he is still there: threads and processes alike, and
 * however he ends.
 *
 * ```ts
 * const participant = participantIn(memory);
 * const pool = attachSharedPool(memory, Particle, { ...options, ...participant });
 * ```
 *
 * It ends with the memory, with `close()`, with the thread and with the process. Costs a descriptor a file and thread, and 100 µs. Throws
 * `unsupported` for a memory without a file that others could open (copy-on-write), `io` when the file has lost its name before anybody here
 * took part.
 */
export function participantIn(memory: MappedMemory): MappedParticipant {
  checkCall("participantIn(memory)", [A_MEMORY, memory]);
  return new MappedParticipant(memory);
}

/**
 * See {@link participantIn}. Spread it into the options of whatever asks for a `Participant`.
 *
 * Being there is holding one byte of the file locked, at a place that the identity tells. So it depends on no process id, which comes back, and on
 * no clock or heartbeat, which a busy machine delays.
 */
export class MappedParticipant implements Required<Participant>, Dependent, Disposable {
  /** A number that nobody has who is there now. */
  readonly identity: number;
  /** Tells this one from others that had the same identity long ago. */
  readonly stamp: number;
  /**
   * Whether the one with that identity is there. Costs a system call, about 1 µs. Of identities that were not dealt out here it says yes, since
   * it cannot know, and of all after `close()`.
   */
  readonly isAlive: (identity: number, stamp: number) => boolean;
  readonly #memory: MappedMemory;
  readonly #locks: FileLocks;
  #closed = false;

  /** For `participantIn`. */
  constructor(memory: MappedMemory) {
    const { subject, origin } = memory;
    if (origin === undefined) {
      throw new MemoryError("unsupported", {
        subject,
        event: "is seen by nobody else, so nobody can take part in it",
        cure: 'Map it with { mode: "readWrite" }, or use mapAnonymous.',
      });
    }
    const locks = FileLocks.open(subject, origin);
    this.#locks = locks;
    this.#memory = memory;
    try {
      this.identity = dealOut(locks, memory.readOnly);
    } catch (error) {
      locks.close();
      throw error;
    }
    this.stamp = randomInt(1, 2 ** 31);
    this.isAlive = (identity) => this.#closed || identity >= FIRST_OTHER || locks.isLocked(byteOf(identity));
    memory.addDependent(this);
  }

  /** Ends taking part: from now on the others see that this one is gone. Harmless when done twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#memory.removeDependent(this);
    this.#locks.unlock(byteOf(this.identity));
    this.#locks.close();
  }

  memoryMoved(): void {}

  memoryClosed(): void {
    this.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** An identity whose byte was free, and is locked now. Who may only read cannot keep others off the byte, and relies on chance, one in 2^31. */
function dealOut(locks: FileLocks, readOnly: boolean): number {
  for (;;) {
    const identity = randomInt(LEAST_IDENTITY, FIRST_OTHER);
    if (locks.tryLock(byteOf(identity), readOnly ? "shared" : "exclusive")) return identity;
  }
}

function byteOf(identity: number): bigint {
  return LockedByte.participant + BigInt(identity >>> 0);
}
