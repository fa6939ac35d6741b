/** Where the free list of a pool begins. */
export const HEAD = 0;
/** The link of the slot there, or `UNKNOWN`. */
export const NEXT = 1;
export const SIZE = 2;
const DETACHED = 3;
export const UNKNOWN = -1;

/**
 * The few words that change with each record that comes or goes. The link of the head is among them, so that the slot that was freed last is given out again without
 * reading the word that was just written to it: to the processor that is a wait, and the next record waits for it too.
 */
export class PoolState {
  /** For generated code. */
  readonly words = new Int32Array(4);

  get head(): number {
    return this.words[HEAD];
  }

  set head(slotIndex: number) {
    this.words[HEAD] = slotIndex;
    this.words[NEXT] = UNKNOWN;
  }

  /** The link of the head, or `UNKNOWN`, as it is remembered. */
  get next(): number {
    return this.words[NEXT];
  }

  get size(): number {
    return this.words[SIZE];
  }

  set size(size: number) {
    this.words[SIZE] = size;
  }

  get detached(): number {
    return this.words[DETACHED];
  }

  set detached(detached: number) {
    this.words[DETACHED] = detached;
  }
}
