import assert from "node:assert/strict";
import { MemoryError } from "../../../src/core/errors.ts";
import type { Segment } from "../../../src/mapped/segment/segment.ts";
import { CHAIN, Machine, Particle, Root } from "./stage.ts";

const META_BYTES = 5 * 4096;
const CODES = new Set(["corrupt", "unsupported-format", "not-an-offheap-file", "layout-mismatch"]);

function furnish(segment: Segment): void {
  segment.pool("first", Particle, { capacity: 20 }).add({ x: 1, y: 2 });
  segment.arena("gap", { byteLength: 30_000 });
  segment.root(Root).n = 42;
  segment.open("chain", CHAIN).add();
  segment.delete("gap");
}

/** Everything that a program can learn from it. */
function read(segment: Segment): string {
  const pool = segment.pool("first", Particle);
  const records = [...pool.handles()].map((handle) => pool.read(handle));
  return JSON.stringify([segment.list(), records, segment.root(Root).n, segment.open("chain", CHAIN).length(), segment.verify()]);
}

/**
 * Flips one bit after the other of the first pages of a closed segment, those that `chooses`, and opens it: it must be refused, or be what it was before.
 * `isZero` tells whether the byte was 0.
 */
export function flipBits(chooses: (bit: number, isZero: boolean) => boolean): { readonly flips: number; readonly refused: number } {
  using machine = new Machine(1 << 17);
  const first = machine.open();
  furnish(first);
  first.close();
  const image = machine.image();
  const whole = read(machine.open());
  let flips = 0;
  let refused = 0;
  for (let bit = 0; bit < META_BYTES * 8; bit++) {
    if (!chooses(bit, image[bit >>> 3] === 0)) continue;
    flips += 1;
    machine.load(image);
    machine.memory.u8[bit >>> 3] ^= 1 << (bit & 7);
    let found: string;
    try {
      const segment = machine.open();
      found = read(segment);
      segment.close();
    } catch (error) {
      if (!(error instanceof MemoryError) || !CODES.has(error.code)) throw error;
      refused += 1;
      continue;
    }
    assert.equal(found, whole, `bit ${bit & 7} of byte ${bit >>> 3}`);
  }
  return { flips, refused };
}
