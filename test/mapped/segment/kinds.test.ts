import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { f64, u8, u32 } from "../../../src/layout/scalars.ts";
import { text } from "../../../src/layout/text.ts";
import { buildDataset } from "../../../src/mapped/dataset/build.ts";
import type { Segment } from "../../../src/mapped/segment/segment.ts";
import { temporaryDirectory } from "../../process/temporary-directory.ts";
import { Machine, Particle, Root } from "./stage.ts";

/** How each kind is used, so that it can be told what it holds: by its maker with sizes, and by who finds it without. */
interface Use {
  readonly make: (segment: Segment) => unknown;
  readonly find: (segment: Segment) => unknown;
  /** What is told of it is what `find` tells after `make` was called. */
  readonly holds: unknown;
  readonly moves: boolean;
}

const STAGES = { first: [], second: ["first"] } as const;

const USES: Readonly<Record<string, Use>> = {
  pool: {
    make: (segment) => void segment.pool("it", Particle, { capacity: 10 }).add({ x: 1, y: 2 }),
    find: (segment) => {
      const pool = segment.pool("it", Particle);
      return [...pool.handles()].map((handle) => pool.read(handle));
    },
    holds: [{ x: 1, y: 2 }],
    moves: true,
  },
  arena: {
    make: (segment) => segment.arena("it", { byteLength: 5000 }).alloc(100),
    find: (segment) => segment.arena("it").usedByteLength > 0,
    holds: true,
    moves: false,
  },
  heap: {
    make(segment) {
      const heap = segment.heap("it", { byteLength: 400_000, seats: 4 });
      const ptr = heap.alloc(100);
      segment.memory.u8[ptr] = 7;
      segment.root(Root, "where").n = ptr;
    },
    find(segment) {
      const heap = segment.heap("it");
      const ptr = segment.root(Root, "where").n;
      return [segment.memory.u8[ptr], heap.owns(ptr as Parameters<typeof heap.owns>[0])];
    },
    holds: [7, true],
    moves: false,
  },
  "movable arena": {
    make(segment) {
      const arena = segment.arena("it", { byteLength: 5000, movable: true });
      const ptr = arena.alloc(100);
      segment.memory.u8[ptr] = 7;
      segment.root(Root, "where").n = ptr - arena.byteOffset;
    },
    find(segment) {
      const arena = segment.arena("it", { movable: true });
      const ptr = arena.byteOffset + segment.root(Root, "where").n;
      return [segment.memory.u8[ptr], arena.owns(ptr as Parameters<typeof arena.owns>[0])];
    },
    holds: [7, true],
    moves: true,
  },
  "movable heap": {
    make(segment) {
      const heap = segment.heap("it", { byteLength: 400_000, seats: 4, movable: true });
      const ptrs = Array.from({ length: 300 }, (_, n) => heap.alloc(8 + 20 * (n % 90)));
      ptrs.forEach((ptr, n) => void (n % 3 === 0 ? heap.free(ptr, 8 + 20 * (n % 90)) : segment.memory.u8.fill(n, ptr, ptr + 8)));
      segment.root(Root, "where").n = ptrs[7] - heap.byteOffset;
    },
    find(segment) {
      const heap = segment.heap("it", { movable: true });
      const ptr = (heap.byteOffset + segment.root(Root, "where").n) as Parameters<typeof heap.owns>[0];
      const more = Array.from({ length: 300 }, () => heap.alloc(100));
      for (const one of more) segment.memory.u8.fill(0, one, one + 100);
      const found = [segment.memory.u8[ptr], heap.owns(ptr), heap.checkInvariants()];
      heap.free(ptr, 8 + 20 * 7);
      return found;
    },
    holds: [7, true, []],
    moves: true,
  },
  columns: {
    make: (segment) => void segment.columns("it", Particle, { capacity: 10 }).append({ x: 1, y: 2 }),
    find: (segment) => {
      const { x, y } = segment.columns("it", Particle).get(0);
      return [x, y];
    },
    holds: [1, 2],
    moves: true,
  },
  interner: {
    make: (segment) => segment.interner("it").intern("Andorra"),
    find: (segment) => segment.interner("it").lookup("Andorra"),
    holds: 1,
    moves: true,
  },
  table: {
    make: (segment) => void segment.table("it", { key: text, value: f64 }).set("one", 1),
    find: (segment) => [...segment.table("it", { key: text, value: f64 })],
    holds: [["one", 1]],
    moves: true,
  },
  ring: {
    make: (segment) => void segment.ring("it", u32, { capacity: 8 }).producer().push(5),
    find: (segment) => segment.ring("it", u32).consumer().pop(),
    holds: 5,
    moves: true,
  },
  pipeline: {
    make: (segment) => {
      const pipeline = segment.pipeline("it", u32, { capacity: 8, stages: STAGES });
      pipeline.producer().push(5);
      pipeline.stage("first").pop();
    },
    find: (segment) => segment.pipeline("it", u32, { stages: STAGES }).stage("second").pop(),
    holds: 5,
    moves: true,
  },
  queue: {
    make: (segment) => segment.queue("it", u32, { capacity: 8, seats: 4 }).push(5),
    find: (segment) => segment.queue("it", u32).pop(),
    holds: 5,
    moves: true,
  },
  "message-ring": {
    make: (segment) => segment.messageRing("it", { byteCapacity: 4096, producers: 3 }).producer().writeText("hello"),
    find(segment) {
      const found: string[] = [];
      segment
        .messageRing("it")
        .consumer()
        .read((message) => void found.push(message.text()));
      return found;
    },
    holds: ["hello"],
    moves: true,
  },
  broadcast: {
    make: (segment) => segment.broadcast("it", { byteCapacity: 4096 }).transmitter().sendText("hello"),
    find(segment) {
      const found: string[] = [];
      segment
        .broadcast("it")
        .receiver({ fromLatest: true })
        .look((message) => void found.push(message.text()));
      return found;
    },
    holds: ["hello"],
    moves: true,
  },
  mutex: {
    make: (segment) => segment.mutex("it").hold().release(),
    find: (segment) => segment.mutex("it").tryAcquire(),
    holds: true,
    moves: true,
  },
  "rw-lock": {
    make: (segment) => segment.rwLock("it").write.hold().release(),
    find: (segment) => segment.rwLock("it").read.tryAcquire(),
    holds: true,
    moves: true,
  },
  seqlock: {
    make: (segment) => segment.seqlock("it").write(() => {}),
    find: (segment) => segment.seqlock("it").read(() => 3),
    holds: 3,
    moves: true,
  },
  semaphore: {
    make: (segment) => segment.semaphore("it", { permits: 2 }).hold().release(),
    find: (segment) => segment.semaphore("it", { permits: 2 }).available,
    holds: 2,
    moves: true,
  },
  once: {
    make: (segment) => segment.once("it").run(() => {}),
    find: (segment) => segment.once("it").isDone,
    holds: true,
    moves: true,
  },
  barrier: {
    make: (segment) => segment.barrier("it", 2),
    find: (segment) => segment.barrier("it", 2).arrived,
    holds: 0,
    moves: true,
  },
  condition: {
    make: (segment) => segment.condition("it", segment.mutex("its mutex")),
    find: (segment) => segment.condition("it", segment.mutex("its mutex")).mutex.heldBy,
    holds: 0,
    moves: true,
  },
  root: {
    make(segment) {
      segment.root(Root, "it").n = 5;
    },
    find: (segment) => segment.root(Root, "it").n,
    holds: 5,
    moves: true,
  },
};

describe("a structure in a segment", () => {
  for (const [kind, { make, find, holds, moves }] of Object.entries(USES)) {
    it(`that is a ${kind} is there again, moves if it can, and goes`, () => {
      using machine = new Machine(1 << 21);
      const first = machine.open();
      first.arena("gap", { byteLength: 500_000 });
      make(first);
      assert.deepEqual(first.verify(), []);
      const [placed] = first.list().filter(({ name }) => name === "it");
      assert.equal(placed.kind, kind.replace("movable ", ""));
      first.delete("gap");
      first.close();
      const second = machine.open();
      second.compact();
      assert.deepEqual(second.verify(), []);
      const [now] = second.list().filter(({ name }) => name === "it");
      assert.equal(now.byteOffset < placed.byteOffset, moves);
      assert.deepEqual(find(second), holds);
      assert.deepEqual(second.verify(), []);
      const { usedByteLength } = second.inspect();
      assert.equal(second.delete("it"), true);
      assert.ok(second.inspect().usedByteLength < usedByteLength || second.inspect().extents.some(({ isFree }) => isFree));
      assert.deepEqual(second.verify(), []);
    });
  }

  it("cannot be made without its sizes, nor found with other types", () => {
    using machine = new Machine(1 << 21);
    const segment = machine.open();
    const incomplete: readonly ((segment: Segment) => unknown)[] = [
      ({ pool }) => pool.call(segment, "none", Particle),
      () => segment.arena("none"),
      () => segment.heap("none"),
      () => segment.columns("none", Particle),
      () => segment.ring("none", u32),
      () => segment.pipeline("none", u32, { stages: STAGES }),
      () => segment.queue("none", u32),
      () => segment.messageRing("none"),
      () => segment.broadcast("none"),
      () => segment.dataset("none"),
    ];
    for (const make of incomplete)
      assert.throws(() => make(segment), { code: "invalid-argument", message: /cannot be made without/ });
    segment.pipeline("stages", u32, { capacity: 4, stages: STAGES });
    assert.throws(() => segment.pipeline("stages", u32, { stages: { first: [] } }), { code: "layout-mismatch" });
    segment.semaphore("permits", { permits: 2 });
    assert.throws(() => segment.semaphore("permits", { permits: 3 }), { code: "layout-mismatch" });
    segment.queue("queue", u32, { capacity: 4 });
    assert.throws(() => segment.queue("queue", f64), { code: "layout-mismatch" });
    assert.throws(() => segment.ring("queue", u32), { code: "layout-mismatch" });
    assert.deepEqual(
      segment.list().map(({ name }) => name),
      ["stages", "permits", "queue"],
    );
  });

  it("that is a data set is read as its file is", async (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, "rows.csv"), "id,name\n7,Andorra\n9,Malta\n");
    await buildDataset(join(directory, "rows.csv"), join(directory, "rows"), { key: "id" });
    using machine = new Machine(1 << 20);
    const first = machine.open();
    first.arena("gap", { byteLength: 50_000 });
    const made = first.dataset("rows", { from: join(directory, "rows") });
    assert.deepEqual(made.get(9), made.at(1));
    const kept = made.at(0);
    assert.deepEqual(first.verify(), []);
    first.delete("gap");
    first.close();
    assert.throws(() => kept.name, { code: "closed" });
    const second = machine.open();
    second.compact();
    const found = second.dataset("rows", { row: { id: u8, name: text } });
    assert.equal(found.get(7)?.name, "Andorra");
    assert.deepEqual(found.verify(), []);
    assert.throws(() => found.memory.ticket(), { code: "unsupported" });
    assert.throws(() => second.dataset("rows", { row: { other: u32 } }), { code: "layout-mismatch" });
    second.memory.u8[second.list()[0].byteOffset] ^= 1;
    assert.match(second.verify().join(), /dataset "rows"/);
  });

  it("that is a lock passes on from a participant that died, be others there or not", () => {
    using machine = new Machine(1 << 20);
    const repairs: string[] = [];
    const take = (segment: Segment) => {
      const repair = (): void => void repairs.push("repaired");
      return {
        mutex: segment.mutex("mutex", { repair, timeoutMs: 0 }),
        rwLock: segment.rwLock("rw", { repair, timeoutMs: 0 }),
        semaphore: segment.semaphore("semaphore", { permits: 2, timeoutMs: 0 }),
        barrier: segment.barrier("barrier", 2),
        once: segment.once("once", { timeoutMs: 0 }),
      };
    };
    const dead = take(machine.open());
    dead.mutex.acquire();
    dead.rwLock.read.acquire();
    dead.semaphore.acquire();
    dead.semaphore.acquire();
    void dead.barrier.waitAsync({ timeoutMs: 1 }).catch(() => {});
    // All of them are dead, and the next one sits on the very seat of the first.
    const alive = take(machine.open());
    assert.equal(alive.mutex.isHeld, false);
    alive.mutex.acquire();
    assert.deepEqual(repairs, ["repaired"]);
    alive.mutex.release();
    alive.rwLock.write.acquire();
    assert.equal(alive.semaphore.available, 2);
    assert.equal(alive.barrier.arrived, 0);
    assert.equal(
      alive.once.run(() => {}),
      true,
    );
    // It dies while it writes.
    const last = take(machine.open());
    last.rwLock.read.acquire();
    assert.deepEqual(repairs, ["repaired", "repaired"]);
    assert.equal(last.once.isDone, true);
  });
});
