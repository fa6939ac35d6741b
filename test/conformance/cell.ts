import type { Placeable } from "../../src/alloc/allocator.ts";
import { MemoryError } from "../../src/core/errors.ts";
import type { Lease } from "../../src/core/lease.ts";

/** A view of a cell, as views of types are: it reads through its lease. */
class CellView {
  readonly #lease: Lease;
  readonly #word: number;
  readonly #epoch: number;

  constructor(lease: Lease, byteOffset: number) {
    this.#lease = lease;
    this.#word = byteOffset / 4;
    this.#epoch = lease.epoch;
  }

  get value(): number {
    if (this.#lease.epoch !== this.#epoch) this.#lease.throwStale(this.#epoch);
    return this.#lease.i32[this.#word];
  }

  set value(value: number) {
    if (this.#lease.epoch !== this.#epoch) this.#lease.throwStale(this.#epoch);
    this.#lease.i32[this.#word] = value;
  }
}

/** Eight bytes of which the first four are a whole number: the least that shows what an allocator does for types. */
export const cell: Placeable<number, CellView> = {
  byteSize: 8,
  align: 4,
  rawPlace(placer, init) {
    if (init !== undefined && !Number.isInteger(init)) {
      throw new MemoryError("bad-value", { subject: "cell", event: "takes whole numbers", cure: "Pass one." });
    }
    const ptr = placer.rawAlloc(8, 4);
    if (ptr === 0) return ptr;
    placer.memory.i32[ptr / 4] = init ?? 0;
    placer.memory.i32[ptr / 4 + 1] = 0;
    return ptr;
  },
  rawView: (lease, byteOffset) => new CellView(lease, byteOffset),
};
