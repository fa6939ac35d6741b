import { Roster } from "../../concurrent/locks/roster.ts";
import type { Memory } from "../../core/memory.ts";
import type { Seats } from "../../core/seats.ts";

/** The seats of a segment, as locks in it name their holders by them. The own one is left when the segment is closed. */
export class SegmentRoster extends Roster {
  readonly #recoverDead: () => number;

  constructor(memory: Memory, seats: Seats, recoverDead: () => number) {
    super(memory, seats);
    this.#recoverDead = recoverDead;
  }

  override recover(): number {
    return this.#recoverDead();
  }

  override close(): void {}
}
