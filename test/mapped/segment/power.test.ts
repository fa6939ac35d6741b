import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Segment } from "../../../src/mapped/segment/segment.ts";
import { diesAt } from "../../interleaving/steps.ts";
import { bits, CHAIN, Machine, Particle, Root } from "./stage.ts";

/** The chain is changed after the flush, so what it reaches is the disk's to say. */
function tell(segment: Segment): string {
  return JSON.stringify(segment.list().map((one) => ({ ...one, byteLength: one.name === "chain" ? 0 : one.byteLength })));
}

/** Changes names and pages in all ways. "second" and "chain" are changed or deleted, and their pages used by others: what is in them is lost. */
function change(segment: Segment): void {
  segment.arena("big", { byteLength: 40_000 });
  segment.rename("second", "third");
  const chain = segment.open("chain", CHAIN);
  chain.add();
  chain.trim();
  chain.trim();
  segment.delete("third");
  for (let count = 0; count < 14; count++) segment.root(Root, `root ${count}`);
}

function furnish(segment: Segment): void {
  segment.pool("first", Particle, { capacity: 20 }).add({ x: 1, y: 2 });
  segment.arena("second", { byteLength: 10_000 });
  const chain = segment.open("chain", CHAIN);
  for (let count = 0; count < 3; count++) chain.add();
}

describe("a segment on a machine that loses its power", () => {
  it("has the names and pages of the last flush, whichever sectors of what was stored since have reached the disk", () => {
    using machine = new Machine();
    const first = machine.open();
    furnish(first);
    first.flush();
    const flushed = tell(first);
    const [image, disk] = [machine.image(), machine.disk];
    for (let last = 0, died = true; died; last += 13) {
      for (let seed = 0; seed < 2; seed++) {
        machine.load(image);
        machine.disk = disk;
        died = diesAt(last, () => change(machine.open()));
        machine.losePower(bits(last * 3 + seed));
        using next = machine.open();
        assert.equal(tell(next), flushed, `lost power at step ${last}, sectors ${seed}`);
        assert.deepEqual(
          next.verify().filter((problem) => !/"chain"|"second"/.test(problem)),
          [],
        );
        const pool = next.pool("first", Particle);
        assert.deepEqual(
          [...pool.handles()].map((handle) => pool.read(handle)),
          [{ x: 1, y: 2 }],
        );
        next.root(Root, "one more").n = 1;
      }
    }
  });

  it("has those of one flush or of the one before when it happens during the flush", () => {
    using machine = new Machine();
    const first = machine.open();
    furnish(first);
    first.flush();
    const before = tell(first);
    change(first);
    const after = tell(first);
    const [image, disk] = [machine.image(), machine.disk];
    const seen = new Set<string>();
    for (let last = 0, died = true; died; last += 3) {
      for (let seed = 0; seed < 3; seed++) {
        machine.load(image);
        machine.disk = disk;
        died = diesAt(last, () => machine.open().flush());
        machine.losePower(seed === 0 ? () => false : seed === 1 ? () => true : bits(last * 2 + seed));
        using next = machine.open();
        const told = tell(next);
        assert.ok(told === before || told === after, `lost power at step ${last} of the flush: ${told}`);
        assert.deepEqual(
          next.verify().filter((problem) => !/"chain"|"second"/.test(problem)),
          [],
        );
        seen.add(told);
      }
    }
    assert.equal(seen.size, 2);
  });

  it("is empty when it was never flushed", () => {
    using machine = new Machine();
    furnish(machine.open());
    machine.losePower(bits(1));
    using next = machine.open();
    assert.deepEqual(next.list(), []);
    assert.deepEqual(next.verify(), []);
    next.pool("first", Particle, { capacity: 5 });
  });

  it("has all of it when it was closed before", () => {
    using machine = new Machine();
    const first = machine.open();
    furnish(first);
    const all = tell(first);
    first.close();
    machine.losePower(() => false);
    using next = machine.open();
    assert.equal(tell(next), all);
    assert.equal(next.open("chain", CHAIN).length(), 4);
    assert.deepEqual(next.verify(), []);
  });

  it("is put right again when the power is lost while that is done", () => {
    using machine = new Machine();
    const first = machine.open();
    furnish(first);
    first.flush();
    const flushed = tell(first);
    change(first);
    machine.losePower(bits(5));
    const [image, disk] = [machine.image(), machine.disk];
    for (let last = 0, died = true; died; last += 2) {
      machine.load(image);
      machine.disk = disk;
      died = diesAt(last, () => machine.open());
      machine.losePower(bits(last));
      using next = machine.open();
      assert.equal(tell(next), flushed);
    }
  });
});
