import { MemoryError } from "../core/errors.ts";
import { type Holder, holderOf, identityIn, isOver, LEFT_HOLDER, NO_HOLDER, stampIn } from "../core/holder.ts";
import type { Memory } from "../core/memory.ts";
import { identityOf, type Participant } from "../core/participant.ts";

/** Who takes a role. */
export interface RoleOptions extends Participant {
  /** Identities of participants that the caller knows to be dead: their roles can be taken over. Naming one that lives breaks what it is doing. */
  readonly dead?: readonly number[];
}

/**
 * A part that one participant at a time plays, such as that of the producer of a ring.
 *
 *     0   holder i64   see core/holder.ts; 0 nobody yet; identity −1: the last holder has left
 *
 * Invariants:
 * 1. It is taken, left and taken over by one atomic write.
 * 2. It is taken over only from one who has left, or is known to be dead.
 */
export class Role {
  readonly #memory: Memory;
  readonly #word: number;
  readonly #subject: string;
  readonly #name: string;
  readonly #isAlive: Participant["isAlive"];
  readonly #dead: readonly number[];
  readonly #holder: Holder;
  readonly identity: number;

  /** `name` is what the role is called in errors: `producer`. Takes nothing yet. */
  constructor(memory: Memory, byteOffset: number, subject: string, name: string, options: RoleOptions) {
    const { identity, stamp } = identityOf(options, subject);
    this.#memory = memory;
    this.#word = byteOffset / 8;
    this.#subject = subject;
    this.#name = name;
    this.#isAlive = options.isAlive;
    this.#dead = options.dead ?? [];
    this.#holder = holderOf(identity, stamp);
    this.identity = identity;
  }

  /** Throws `locked` when somebody who is not known to be dead has it. */
  take(): void {
    const { i64 } = this.#memory;
    for (;;) {
      const before = Atomics.load(i64, this.#word) as Holder;
      if (before !== NO_HOLDER && !this.#isOver(before)) this.#throwTaken(before);
      if (Atomics.compareExchange(i64, this.#word, before, this.#holder) === before) return;
    }
  }

  leave(): void {
    Atomics.compareExchange(this.#memory.i64, this.#word, this.#holder, LEFT_HOLDER);
  }

  /** Whether this participant still has it: nobody took it over. */
  get isMine(): boolean {
    return Atomics.load(this.#memory.i64, this.#word) === this.#holder;
  }

  #isOver(holder: Holder): boolean {
    return isOver(holder, this.#isAlive) || this.#dead.includes(identityIn(holder));
  }

  #throwTaken(holder: Holder): never {
    throw new MemoryError("locked", {
      subject: this.#subject,
      event: `has a ${this.#name} already`,
      numbers: { heldBy: identityIn(holder), stamp: stampIn(holder) },
      cure: "Close that one first. If it is dead, pass isAlive, or its identity in dead.",
    });
  }
}

/** Who takes a role, as a participant that also knows those that its `dead` names. */
export function participantOf({ dead = [], ...participant }: RoleOptions): Participant {
  const { isAlive } = participant;
  if (dead.length === 0) return participant;
  return { ...participant, isAlive: (identity, stamp) => !dead.includes(identity) && isAlive?.(identity, stamp) !== false };
}

/** Whether a role was held and is not any more: its holder has left, or is dead as far as `isAlive` knows. */
export function isAbandoned(memory: Memory, byteOffset: number, isAlive: Participant["isAlive"]): boolean {
  const holder = Atomics.load(memory.i64, byteOffset / 8) as Holder;
  return holder !== NO_HOLDER && isOver(holder, isAlive);
}
