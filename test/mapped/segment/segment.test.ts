import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MemoryError } from "../../../src/core/errors.ts";
import { f32, f64, u32 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { openSegment } from "../../../src/mapped/segment/open-segment.ts";
import { HOMES } from "../../conformance/homes.ts";
import { CHAIN, CHAIN_READER, Machine, Particle, Root } from "./stage.ts";

const NAMES = ["a", "b", "c", "d", "e"];

/** What the model knows of a structure: what it is, and what was put into it. */
interface Known {
  readonly kind: string;
  value: number;
}

const step = fc.oneof(
  fc.record({ do: fc.constant("pool" as const), name: fc.constantFrom(...NAMES), value: fc.nat(1000) }),
  fc.record({ do: fc.constant("root" as const), name: fc.constantFrom(...NAMES), value: fc.nat(1000) }),
  fc.record({ do: fc.constant("arena" as const), name: fc.constantFrom(...NAMES), value: fc.integer({ min: 64, max: 60_000 }) }),
  fc.record({ do: fc.constant("chain" as const), name: fc.constantFrom(...NAMES), value: fc.nat(1) }),
  fc.record({ do: fc.constant("delete" as const), name: fc.constantFrom(...NAMES) }),
  fc.record({ do: fc.constant("rename" as const), name: fc.constantFrom(...NAMES), to: fc.constantFrom(...NAMES) }),
  fc.record({ do: fc.constantFrom("reopen" as const, "flush" as const, "compact" as const, "kill" as const) }),
);

describe("a segment", () => {
  it("has the names and what is under them that a Map would have, through any program", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        using machine = new Machine();
        let segment = machine.open();
        let model = new Map<string, Known>();
        /** Runs it unless the name stands for something else, which must be refused. */
        const use = (name: string, kind: string, work: (known: Known) => void): void => {
          const known = model.get(name) ?? { kind, value: 0 };
          try {
            work(known);
            assert.equal(known.kind, kind);
            model.set(name, known);
          } catch (error) {
            if (!(error instanceof MemoryError)) throw error;
            if (error.code === "layout-mismatch") assert.notEqual(known.kind, kind);
            else assert.equal(error.code, "out-of-memory");
          }
        };
        for (const now of steps) {
          if (now.do === "pool") {
            use(now.name, "pool", (known) => {
              const pool = segment.pool(now.name, Particle, { capacity: 1 });
              assert.equal(pool.countRecords(), known.value);
              pool.add({ x: now.value, y: -now.value });
              known.value += 1;
            });
          } else if (now.do === "root") {
            use(now.name, "root", (known) => {
              const root = segment.root(Root, now.name);
              assert.equal(root.n, known.value);
              root.n = now.value;
              known.value = now.value;
            });
          } else if (now.do === "arena") {
            use(now.name, "arena", (known) => {
              const arena = segment.arena(now.name, { byteLength: known.value || now.value });
              known.value ||= now.value;
              assert.equal(arena.byteLength, known.value - (known.value % 8));
            });
          } else if (now.do === "chain") {
            use(now.name, "chain", (known) => {
              const chain = segment.open(now.name, CHAIN);
              assert.equal(chain.length(), known.value || 1);
              if (now.value === 1) chain.add();
              else chain.trim();
              known.value = chain.length();
            });
          } else if (now.do === "delete") {
            assert.equal(segment.delete(now.name), model.delete(now.name));
          } else if (now.do === "rename") {
            const known = model.get(now.name);
            const isAllowed = known !== undefined && (now.name === now.to || !model.has(now.to));
            if (!isAllowed) assert.throws(() => segment.rename(now.name, now.to), { code: "invalid-argument" });
            else {
              segment.rename(now.name, now.to);
              model = new Map([...model].map(([name, one]) => [name === now.name ? now.to : name, one]));
            }
          } else if (now.do === "flush") segment.flush();
          else if (now.do === "compact") segment.compact();
          else {
            if (now.do === "reopen") segment.close();
            segment = machine.open();
          }
          assert.deepEqual(
            segment
              .list()
              .map(({ name, kind }) => [name, kind])
              .sort(),
            [...model].map(([name, { kind }]) => [name, kind]).sort(),
          );
          assert.deepEqual(segment.verify(), []);
        }
      }),
      { numRuns: 60 },
    );
  });

  // The file of that home has lost its name and its directory, which a flush would save; files.test.ts is about files.
  for (const home of HOMES.filter(({ title }) => title !== "a mapped file")) {
    it(`works in ${home.title}, for two participants`, () => {
      using memory = home.create(0, 1 << 20);
      using one = openSegment(memory, { readers: [CHAIN_READER] });
      using other = openSegment(memory, { readers: [CHAIN_READER] });
      const handle = one.pool("pool", Particle, { capacity: 50 }).add({ x: 1, y: 2 });
      assert.deepEqual(other.pool("pool", Particle).read(handle), { x: 1, y: 2 });
      one.open("chain", CHAIN).add();
      other.open("chain", CHAIN).add();
      assert.equal(one.open("chain", CHAIN).length(), 3);
      assert.throws(() => other.delete("chain"), { code: "locked" });
      one.close();
      assert.equal(other.delete("chain"), true);
      assert.deepEqual(other.verify(), []);
    });
  }

  it("refuses a name that stands for something else, and says what for", () => {
    using machine = new Machine();
    const segment = machine.open();
    segment.pool("orders", Particle, { capacity: 5 });
    const Other = struct("Other", { id: u32 });
    assert.throws(
      () => segment.pool("orders", Other, { capacity: 5 }),
      /"orders".* is the name of pool of Particle, and was opened as pool of Other/,
    );
    assert.throws(() => segment.columns("orders", Particle, { capacity: 5 }), { code: "layout-mismatch" });
    const Narrow = struct("Particle", { x: f64, y: f32 });
    const told = /pool of Particle, and was opened as pool of Particle: y is f64 at byte 8 there, and f32 at byte 8 here/;
    assert.throws(() => segment.pool("orders", Narrow), { code: "layout-mismatch", message: told });
    assert.equal(segment.list()[0].signature, Particle.signature);
    assert.throws(() => segment.pool("missing", Particle), /cannot be made without \{ capacity \}/);
    for (const name of ["", "x".repeat(65), "a\nb"]) {
      assert.throws(() => segment.root(Root, name), { code: "invalid-argument" });
    }
    segment.root(Root, "é".repeat(32)).n = 1;
    assert.equal(segment.root(Root, "é".repeat(32)).n, 1);
    assert.deepEqual(
      segment.list().map(({ name }) => name),
      ["orders", "é".repeat(32)],
    );
    assert.deepEqual(segment.verify(), []);
  });

  it("lets one participant write columns at a time, and others read them", () => {
    using machine = new Machine();
    using memory = machine.memory;
    const dead = new Set<number>();
    const join = (identity: number) => openSegment(memory, { participant: { identity, isAlive: (asked) => !dead.has(asked) } });
    const one = join(1);
    const other = join(2);
    const rows = one.columns("rows", Particle, { capacity: 3 });
    rows.append({ x: 1 });
    assert.equal(other.columns("rows", Particle).get(0).x, 1);
    assert.throws(() => other.columns("rows", Particle).append({ x: 2 }), { code: "read-only" });
    assert.throws(() => other.columns("rows", Particle, { write: true }), { code: "locked" });
    rows.append({ x: 2 });
    rows.append({ x: 3 });
    assert.throws(() => rows.append({ x: 4 }), { code: "out-of-memory" });
    dead.add(1);
    const again = other.columns("rows", Particle, { write: true });
    assert.equal(again.size, 3);
    again.swapRemove(0);
    assert.equal(other.columns("rows", Particle).size, 2);
  });

  it("clears what a writer of columns has left behind the last row, when it died between a row and its number", () => {
    using machine = new Machine();
    const dead = new Set<number>();
    const join = (identity: number) =>
      openSegment(machine.memory, { participant: { identity, isAlive: (asked) => !dead.has(asked) } });
    const one = join(1);
    const rows = one.columns("rows", Particle, { capacity: 10 });
    rows.append({ x: 1, y: 2 });
    rows.append({ x: 3, y: 4 });
    // The number of rows, as it was before the second one.
    machine.memory.i32[rows.byteOffset / 4 + 8] = 1;
    dead.add(1);
    const again = join(2).columns("rows", Particle, { write: true });
    assert.deepEqual(again.checkInvariants(), []);
    again.resize(2);
    assert.deepEqual({ ...again.get(1) }, { x: 0, y: 0 });
  });

  it("moves together what nobody has open, and keeps what is in it", () => {
    using machine = new Machine();
    const first = machine.open();
    first.arena("gap", { byteLength: 100_000 });
    const handle = first.pool("pool", Particle, { capacity: 100 }).add({ x: 3, y: 4 });
    first.columns("rows", Particle, { capacity: 100 }).append({ x: 5 });
    first.root(Root).n = 6;
    const open = first.pool("open", Particle, { capacity: 10 });
    first.delete("gap");
    first.close();
    const segment = machine.open();
    const used = segment.inspect().usedByteLength;
    const placeOf = (name: string): number => segment.list().find((one) => one.name === name)?.byteOffset ?? 0;
    const [moves, stays] = [placeOf("pool"), placeOf("open")];
    const kept = segment.pool("open", Particle);
    segment.compact();
    assert.ok(segment.inspect().usedByteLength <= used);
    assert.deepEqual(segment.verify(), []);
    assert.deepEqual(segment.pool("pool", Particle).read(handle), { x: 3, y: 4 });
    assert.equal(segment.columns("rows", Particle).get(0).x, 5);
    assert.equal(segment.root(Root).n, 6);
    assert.ok(placeOf("pool") < moves);
    assert.equal(placeOf("open"), stays);
    kept.add({ x: 1 });
    assert.throws(() => open.capacity, { code: "closed" });
    assert.equal(kept.capacity, 10);
    segment.close();
    const again = machine.open();
    again.compact();
    const { usedByteLength, backedByteLength, extents } = again.inspect();
    assert.equal(backedByteLength, usedByteLength);
    assert.ok(extents.filter(({ isFree }) => isFree).length <= 1);
    assert.deepEqual(again.pool("pool", Particle).read(handle), { x: 3, y: 4 });
    assert.deepEqual(again.verify(), []);
  });

  it("throws after close, from all that was opened through it, and can be closed twice", () => {
    using machine = new Machine();
    const segment = machine.open();
    const root = segment.root(Root);
    const pool = segment.pool("pool", Particle, { capacity: 5 });
    const rows = segment.columns("rows", Particle, { capacity: 5 });
    const table = segment.table("table", { key: u32, value: f64 });
    segment.close();
    segment.close();
    const uses: readonly (() => unknown)[] = [
      () => segment.list(),
      () => segment.pool("pool", Particle),
      () => segment.delete("pool"),
      () => segment.flush(),
      () => segment.ticket(),
      () => pool.add({ x: 1 }),
      () => rows.append({ x: 1 }),
      () => table.set(1, 2),
      () => root.n,
      () => {
        root.n = 1;
      },
    ];
    for (const use of uses)
      assert.throws(use, (error) => error instanceof MemoryError && /closed|stale-view/.test(error.code), String(use));
  });

  it("keeps strings under ids that stay, and grows for them", () => {
    using machine = new Machine();
    const segment = machine.open();
    const names = segment.interner("names");
    const ids = Array.from({ length: 500 }, (_, number) => names.intern(`name ${number}`));
    assert.deepEqual(segment.verify(), []);
    const next = machine.open();
    const again = next.interner("names");
    ids.forEach((id, number) => void assert.equal(again.resolve(id), `name ${number}`));
    assert.equal(again.intern("name 77"), ids[77]);
    assert.deepEqual(next.verify(), []);
    const { usedByteLength } = next.inspect();
    next.delete("names");
    assert.ok(next.inspect().usedByteLength < usedByteLength);
    assert.deepEqual(next.verify(), []);
  });

  it("counts participants, and takes no more than it has seats for", () => {
    using machine = new Machine();
    const segments = Array.from({ length: 4 }, () => openSegment(machine.memory));
    assert.throws(() => openSegment(machine.memory), { code: "out-of-memory" });
    segments[0].close();
    openSegment(machine.memory).root(Root).n = 1;
  });
});
