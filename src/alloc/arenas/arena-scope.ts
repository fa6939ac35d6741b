/** What a scope asks of its arena. */
export interface ScopeHost {
  /** The epoch of the lease of views made at `depth`: changes whenever they all end. */
  epochAt(depth: number): number;
  /** Frees everything made at `depth` and deeper, and closes the deeper scopes. */
  rewindTo(depth: number, event: string): void;
  /** The same, and closes the scope at `depth` too. */
  leaveScope(depth: number, event: string): void;
}

/**
 * A part of an arena's life: what is made between its opening and its end is freed together, and views of it then throw `stale-view`. What
 * was made before lives on.
 *
 * ```ts
 * using inner = scratch.scope();
 * const p = scratch.create(Particle, { x: 1, y: 2 });       // made by the arena, gone with the scope
 * ```
 *
 * Invariant: the scope is open exactly while the epoch at its depth is the one that it knows.
 */
export class ArenaScope implements Disposable {
  readonly #host: ScopeHost;
  readonly #depth: number;
  #epoch: number;

  /** For Arena; use `arena.scope()`. */
  constructor(host: ScopeHost, depth: number) {
    this.#host = host;
    this.#depth = depth;
    this.#epoch = host.epochAt(depth);
  }

  /** Whether it has not ended: by `end`, with a scope around it, or with the arena's reset or close. */
  get isOpen(): boolean {
    return this.#host.epochAt(this.#depth) === this.#epoch;
  }

  /** Goes back to the checkpoint that its opening was: frees what was made since, and stays open. False when it has ended. O(1). */
  rewind(): boolean {
    if (!this.isOpen) return false;
    this.#host.rewindTo(this.#depth, "was rewound");
    this.#epoch = this.#host.epochAt(this.#depth);
    return true;
  }

  /** Frees what was made since it was opened, by inner scopes too. Ending what has ended does nothing. O(1). */
  end(): void {
    if (this.isOpen) this.#host.leaveScope(this.#depth, "ended");
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/**
 * Where the scopes of an arena were opened, by depth from 1.
 *
 * Invariant: of open scopes, an inner one was opened in the same chunk as the outer one and not below it, or in a later chunk.
 */
export class ScopeMarks {
  readonly chunks: number[] = [0];
  readonly tops: number[] = [0];
  readonly floors: number[] = [0];

  set(depth: number, chunk: number, top: number, floor: number): void {
    this.chunks[depth] = chunk;
    this.tops[depth] = top;
    this.floors[depth] = floor;
  }

  /** `deepest` is the depth of the innermost open scope. */
  checkInvariants(deepest: number): string[] {
    const found: string[] = [];
    const { chunks, tops } = this;
    for (let depth = 2; depth <= deepest; depth++) {
      const sameChunk = chunks[depth] === chunks[depth - 1];
      if (chunks[depth] < chunks[depth - 1] || (sameChunk && tops[depth] < tops[depth - 1])) {
        found.push(`the mark of scope ${depth} lies before that of scope ${depth - 1}`);
      }
    }
    return found;
  }
}
