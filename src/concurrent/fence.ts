import { privateMemory } from "../core/homes.ts";

/**
 * Keeps plain loads from being made after atomic loads that follow them, on machines that would: those that look whether what was read plainly may have
 * been overwritten meanwhile. An atomic store does, to a word that nobody else sees.
 */
export class LoadFence {
  readonly #own = privateMemory(4);

  stand(): void {
    Atomics.store(this.#own.i32, 0, 0);
  }
}
