import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { f64, u8, u32 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { text } from "../../../src/layout/text.ts";
import type { Segment } from "../../../src/mapped/segment/segment.ts";
import { diesAt } from "../../interleaving/steps.ts";
import { bits, CHAIN, Machine, Particle, Root } from "./stage.ts";

/** Aligned otherwise than keys are. */
const Wide = struct("Wide", { a: u8, b: f64 });

/** A structure that can be moved: made with a size and a seed, and asked what it holds. */
interface Kept {
  readonly make: (segment: Segment, name: string, size: number) => void;
  readonly tell: (segment: Segment, name: string) => unknown;
  readonly change: (segment: Segment, name: string) => void;
}

const KEPT: readonly Kept[] = [
  {
    make(segment, name, size) {
      const table = segment.table(name, { key: text, value: text, capacity: 16, shards: 2 });
      for (let n = 0; n < size; n++) table.set(`key ${n}`, "value ".repeat((n * 7) % 50));
      for (let n = 0; n < size; n += 3) table.delete(`key ${n}`);
      for (let n = 1; n < size; n += 5) table.set(`key ${n}`, "another");
    },
    tell: (segment, name) => [...segment.table(name, { key: text, value: text })].sort(),
    change(segment, name) {
      const table = segment.table(name, { key: text, value: text });
      for (let n = 0; n < 40; n++) table.set(`key ${n * 2}`, "new ".repeat(n));
      for (let n = 0; n < 40; n++) table.delete(`key ${n * 2 + 1}`);
    },
  },
  {
    make(segment, name, size) {
      const table = segment.table(name, { key: u32, value: Wide, expiring: true, shards: 1 });
      for (let n = 0; n < size; n++) table.set(n, { a: n & 255, b: n }, n % 2 === 0 ? { ttlMs: 1e9 } : {});
    },
    tell: (segment, name) => [...segment.table(name, { key: u32, value: Wide, expiring: true })].sort(([a], [b]) => a - b),
    change: (segment, name) => void segment.table(name, { key: u32, value: Wide, expiring: true }).set(7, { a: 1, b: 2 }),
  },
  {
    make(segment, name, size) {
      const names = segment.interner(name);
      for (let n = 0; n < size; n++) names.intern(`string ${n} ${"x".repeat(n % 200)}`);
    },
    tell: (segment, name) => [...segment.interner(name)],
    change: (segment, name) => void segment.interner(name).intern("one more"),
  },
  {
    make(segment, name, size) {
      const pool = segment.pool(name, Particle, { capacity: 4, seats: 4 });
      for (let n = 0; n < size; n++) pool.add({ x: n, y: 2 * n });
    },
    tell(segment, name) {
      const pool = segment.pool(name, Particle);
      return [...pool.handles()].map((handle) => [handle, pool.read(handle)]);
    },
    change: (segment, name) => void segment.pool(name, Particle).add({ x: 1, y: 2 }),
  },
  {
    make: (segment, name, size) => void segment.columns(name, Particle, { capacity: 10 * size + 1 }).append({ x: 1, y: size }),
    tell: (segment, name) => [segment.columns(name, Particle).get(0).y],
    change: () => {},
  },
];

const program = fc.array(
  fc.oneof(
    fc.record({ make: fc.nat(KEPT.length - 1), size: fc.nat(300) }),
    fc.record({ delete: fc.nat(20) }),
    fc.record({ compact: fc.constant(true), open: fc.nat(3) }),
  ),
  { minLength: 4, maxLength: 25 },
);

describe("compacting a segment", () => {
  it("leaves no page between structures that can be moved, and all of them as they were", () => {
    fc.assert(
      fc.property(program, (steps) => {
        using machine = new Machine(1 << 23);
        const made = new Map<string, Kept>();
        let count = 0;
        for (const step of [...steps, { compact: true, open: 0 }]) {
          using segment = machine.open();
          if ("make" in step) {
            const name = `structure ${count++}`;
            KEPT[step.make].make(segment, name, step.size);
            made.set(name, KEPT[step.make]);
          } else if ("delete" in step) {
            const name = [...made.keys()][step.delete % Math.max(1, made.size)];
            if (name === undefined) continue;
            segment.delete(name);
            made.delete(name);
          } else {
            const told = new Map([...made].map(([name, { tell }]) => [name, JSON.stringify(tell(segment, name))]));
            // Those that are open here stay where they are.
            segment.close();
            const next = machine.open();
            const open = [...made].slice(0, step.open);
            for (const [name, { tell }] of open) tell(next, name);
            next.compact();
            assert.deepEqual(next.verify(), []);
            // Before a checkpoint, which is longer than a page, one may be left that nothing fits into.
            if (step.open === 0) assert.ok(next.inspect().extents.filter(({ isFree }) => isFree).length <= 2);
            const { backedByteLength, extents } = next.inspect();
            const used = extents.reduce((sum, { isFree, byteLength }) => sum + (isFree ? 0 : byteLength), 0);
            assert.equal(backedByteLength, used);
            for (const [name, { tell }] of made) assert.equal(JSON.stringify(tell(next, name)), told.get(name), name);
            assert.deepEqual(next.verify(), []);
            for (const [name, { change }] of made) change(next, name);
            assert.deepEqual(next.verify(), []);
            next.close();
          }
        }
      }),
      { numRuns: 12 },
    );
  });

  it("leaves each structure where it was or where it was to go when it is killed, at whatever store", () => {
    using machine = new Machine(1 << 21);
    const first = machine.open();
    first.root(Root, "gap 1");
    KEPT.forEach(({ make }, at) => {
      make(first, `structure ${at}`, 40);
      first.arena(`gap ${at + 2}`, { byteLength: 8192 });
    });
    first.open("chain", CHAIN).add();
    for (let gap = 1; gap < KEPT.length + 2; gap++) first.delete(`gap ${gap}`);
    const told = KEPT.map(({ tell }, at) => JSON.stringify(tell(first, `structure ${at}`)));
    first.close();
    const image = machine.image();
    let last = 0;
    for (let died = true; died; last += 1 + (last >> 4)) {
      machine.load(image);
      died = diesAt(last, () => machine.open().compact());
      using next = machine.open();
      assert.deepEqual(next.verify(), [], `killed at step ${last}`);
      KEPT.forEach(
        ({ tell }, at) => void assert.equal(JSON.stringify(tell(next, `structure ${at}`)), told[at], `killed at step ${last}`),
      );
      assert.deepEqual(next.verify(), [], `killed at step ${last}`);
    }
    assert.ok(last > 100, `only ${last} steps`);
  });

  it("loses nothing that was flushed when the power is lost, whichever sectors of what it has stored have reached the disk", () => {
    using machine = new Machine(1 << 21);
    const first = machine.open();
    first.arena("gap", { byteLength: 20_000 });
    KEPT.forEach(({ make }, at) => void make(first, `structure ${at}`, 40));
    // As long as the gap: each goes to where the one before it was.
    for (let n = 0; n < 4; n++) {
      const rows = first.columns(`rows ${n}`, Particle, { capacity: 1200 });
      for (let x = 0; x < 1200; x++) rows.append({ x: n, y: x });
    }
    first.delete("gap");
    const tellAll = (segment: Segment): string =>
      JSON.stringify([
        ...KEPT.map(({ tell }, at) => tell(segment, `structure ${at}`)),
        ...[0, 1, 2, 3].map((n) =>
          [...segment.columns(`rows ${n}`, Particle)].reduce((sum, { x, y }) => sum + (x + 1) * (y + 1), 0),
        ),
      ]);
    const told = tellAll(first);
    first.flush();
    const [image, disk] = [machine.image(), machine.disk];
    let last = 0;
    for (let died = true; died; last += 67) {
      machine.load(image);
      machine.disk = disk.slice();
      died = diesAt(last, () => machine.open().compact());
      machine.losePower(bits(last));
      using next = machine.open();
      assert.deepEqual(next.verify(), [], `lost power at step ${last}`);
      assert.equal(tellAll(next), told, `lost power at step ${last}`);
    }
    assert.ok(last > 500, `only ${last} steps`);
  });

  it("says that a heap is movable, or is not, to whoever takes it for the other", () => {
    using machine = new Machine(1 << 21);
    using segment = machine.open();
    segment.heap("heap", { byteLength: 400_000, movable: true });
    segment.arena("arena", { byteLength: 5000 });
    assert.throws(() => segment.heap("heap"), { code: "layout-mismatch", message: /movable/ });
    assert.throws(() => segment.arena("arena", { movable: true }), { code: "layout-mismatch", message: /movable/ });
  });
});
