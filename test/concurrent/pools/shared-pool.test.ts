import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { attachSharedPool, type SharedPool, sharedPool, sharedPoolByteLength } from "../../../src/concurrent/index.ts";
import {
  attachSharedBump,
  f64,
  type Handle,
  type Memory,
  NO_HANDLE,
  privateMemory,
  ptrOf,
  type SharedBump,
  sharedBump,
  struct,
  u16,
  u32,
} from "../../../src/index.ts";
import { HOMES } from "../../conformance/homes.ts";

const Job = struct("Job", { number: u32, weight: f64, kind: u16 });
type Jobs = SharedPool<typeof Job>;
type JobHandle = Handle<typeof Job>;
interface JobValue {
  number: number;
  weight: number;
  kind: number;
}

const BYTES = 32_768;
const jobOf = (number: number): JobValue => ({ number, weight: number / 4, kind: number % 1000 });

const commands = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ type: fc.constant("add" as const), who: fc.nat(1), number: fc.nat(60_000) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("remove" as const), who: fc.nat(1), number: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("change" as const), who: fc.nat(1), number: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("guard" as const), who: fc.nat(1), number: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("many" as const), who: fc.nat(1), number: fc.nat(90) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("rejoin" as const), who: fc.nat(1), number: fc.nat() }) },
  ),
  { maxLength: 40 },
);

for (const home of HOMES) {
  it(`random programs of two participants do to a shared pool what they do to a map: ${home.title}`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 250 }), commands, (capacity, more, program) => {
        using memory = home.create(BYTES);
        runProgram(memory, { capacity, maxCapacity: capacity + more }, program);
      }),
      { numRuns: 40 },
    );
  });
}

type Command = { type: "add" | "remove" | "change" | "guard" | "many" | "rejoin"; who: number; number: number };

function runProgram(memory: Memory, shape: { capacity: number; maxCapacity: number }, program: readonly Command[]): void {
  const first = sharedPool(memory, Job, { ...shape, seats: 4, allocator: sharedBump(memory) });
  const { byteOffset } = first;
  const join = (): Jobs => attachSharedPool(memory, Job, { byteOffset, allocator: attachSharedBump(memory) });
  const pools = [first, join()];
  const model = new Map<JobHandle, JobValue>();
  const gone: JobHandle[] = [];
  const places = new Map<JobHandle, number>();
  const handleAt = (number: number): JobHandle | undefined => [...model.keys()][number % (model.size || 1)];
  const add = (jobs: Jobs, value: JobValue): void => {
    const handle = jobs.tryAdd(value);
    // The other one may keep a few hundred in its cache; what nobody has must be given out.
    if (handle === NO_HANDLE) return;
    assert.ok(!model.has(handle) && !gone.includes(handle), "a handle came twice");
    model.set(handle, value);
  };
  for (const { type, who, number } of program) {
    const jobs = pools[who];
    const handle = handleAt(number);
    if (type === "add") add(jobs, jobOf(number));
    if (type === "many") for (let k = 0; k < number; k++) add(jobs, jobOf(k));
    if (type === "rejoin" && who === 1) {
      jobs.close();
      pools[1] = join();
    }
    if (handle !== undefined) {
      if (type === "remove") {
        jobs.remove(handle);
        model.delete(handle);
        gone.push(handle);
      }
      if (type === "change") {
        jobs.get(handle).number = number >>> 0;
        model.set(handle, { ...(model.get(handle) ?? jobOf(0)), number: number >>> 0 });
      }
      if (type === "guard") {
        using guard = jobs.guard(handle);
        assert.equal(guard.view.number, model.get(handle)?.number);
      }
    }
    for (const pool of pools) assert.deepEqual(pool.checkInvariants(), []);
    for (const [known, value] of model) {
      for (const pool of pools) assert.deepEqual(pool.read(known), value);
      const place = ptrOf(first.get(known));
      assert.equal(places.get(known) ?? place, place, "a record moved");
      places.set(known, place);
    }
    for (const stale of gone) for (const pool of pools) assert.equal(pool.has(stale), false);
    assert.deepEqual(new Set(first.handles()), new Set(model.keys()));
  }
  pools[1].close();
  while (first.tryAdd(jobOf(1)) !== NO_HANDLE);
  assert.equal(first.countRecords(), first.capacity);
  assert.ok(first.capacity === shape.maxCapacity, "it grows to the most");
}

describe("a shared pool", () => {
  function growing(maxCapacity = 100): { readonly memory: Memory; readonly bump: SharedBump; readonly jobs: Jobs } {
    const memory = privateMemory(BYTES);
    const bump = sharedBump(memory);
    return { memory, bump, jobs: sharedPool(memory, Job, { capacity: 2, maxCapacity, allocator: bump }) };
  }

  it("takes blocks as they are needed, each as long as all before it, and tells which", () => {
    const { memory, jobs } = growing(13);
    assert.equal(jobs.capacity, 2);
    assert.deepEqual(jobs.blocks(), []);
    const other = attachSharedPool(memory, Job, { byteOffset: jobs.byteOffset });
    const capacities = new Set<number>();
    for (let number = 0; number < 13; number++) {
      const handle = jobs.add(jobOf(number));
      capacities.add(jobs.capacity);
      assert.equal(other.get(handle).number, number);
    }
    assert.deepEqual([...capacities], [2, 4, 8, 13]);
    assert.equal(other.capacity, 13);
    assert.equal(jobs.tryAdd(), NO_HANDLE);
    assert.throws(() => jobs.add(), { code: "out-of-memory" });
    assert.equal(jobs.blocks().length, 3);
    assert.deepEqual(other.blocks(), jobs.blocks());
  });

  it("uses what others have taken, and takes nothing itself, without an allocator", () => {
    const { memory, jobs } = growing();
    const other = attachSharedPool(memory, Job, { byteOffset: jobs.byteOffset });
    for (let number = 0; number < 3; number++) jobs.add(jobOf(number));
    assert.equal(other.tryAdd(), NO_HANDLE, "the one that is left is in the cache of who took the block");
    jobs.close();
    assert.notEqual(other.tryAdd(), NO_HANDLE);
    assert.equal(other.tryAdd(), NO_HANDLE);
  });

  it("is as it was when there is no room for a block, and grows when there is room again", () => {
    const memory = privateMemory(4096);
    const bump = sharedBump(memory);
    const jobs = sharedPool(memory, Job, { capacity: 8, seats: 1, allocator: bump });
    const mine: JobHandle[] = [];
    for (let handle = jobs.tryAdd(); handle !== NO_HANDLE; handle = jobs.tryAdd()) mine.push(handle);
    const { capacity } = jobs;
    assert.equal(mine.length, capacity);
    assert.ok(capacity >= 8 && capacity < 200);
    assert.throws(() => jobs.add(jobOf(1)), { code: "out-of-memory" });
    assert.deepEqual(jobs.checkInvariants(), []);
    for (const handle of mine) jobs.remove(handle);
    assert.equal(jobs.get(jobs.add(jobOf(7))).number, 7);
    assert.deepEqual(jobs.checkInvariants(), []);
  });

  it("goes to its allocator, and gives back what it took when it cannot be made", () => {
    const memory = privateMemory(8192);
    const bump = sharedBump(memory);
    const before = bump.tryAlloc(8);
    bump.free(before, 8);
    assert.throws(() => sharedPool(memory, Job, { capacity: 100_000, allocator: bump }), { code: "out-of-memory" });
    assert.throws(() => sharedPool(memory, Job, { capacity: 10, allocator: bump, identity: -1 }), { code: "invalid-argument" });
    assert.equal(bump.tryAlloc(8), before);
    assert.throws(() => sharedPool(privateMemory(8192), Job, { capacity: 10, allocator: bump, byteOffset: 0 }), {
      code: "invalid-argument",
    });
  });

  it("refuses what names no record of it, and tells the whole story", () => {
    const { memory, jobs } = growing();
    const live = jobs.add(jobOf(1));
    // Pools choose one of 31 tags.
    const tagOf = (handle: number): number => Math.floor(handle / 2 ** 48);
    const make = (): Jobs => sharedPool(privateMemory(BYTES), Job, { capacity: 50 });
    let foreign = make();
    while (tagOf(foreign.add()) === tagOf(live)) foreign = make();
    const stale = jobs.add(jobOf(2));
    jobs.remove(stale);
    const theirs = Array.from({ length: 20 }, () => foreign.add());
    const forged: unknown[] = [
      NO_HANDLE,
      -1,
      1.5,
      Number.NaN,
      2 ** 60,
      live / 4096 + 0.25,
      -live,
      live + 2 ** 26,
      live + 90,
      "17v3",
      undefined,
    ];
    for (const handle of [...forged, ...theirs.filter((handle) => handle !== live && handle !== stale)] as JobHandle[]) {
      assert.equal(jobs.has(handle), false, String(handle));
      assert.equal(jobs.tryGet(handle), undefined);
      assert.equal(jobs.tryGuard(handle), undefined);
      assert.equal(jobs.tryRemove(handle), false);
      assert.equal(jobs.adopt(handle), false);
      for (const use of [jobs.get, jobs.read, jobs.guard, jobs.remove]) {
        assert.throws(() => use.call(jobs, handle), { code: "foreign-handle" }, String(handle));
      }
    }
    assert.throws(() => jobs.get(stale), { code: "stale-handle", message: /its slot is free/ });
    jobs.add(jobOf(3));
    assert.throws(() => jobs.remove(stale), { code: "stale-handle" });
    for (const number of [-1, 1.5, 2 ** 32]) assert.throws(() => jobs.add({ number }), { code: "bad-value" });
    assert.deepEqual(jobs.checkInvariants(), []);
    assert.equal(jobs.get(live).number, 1);
    jobs.close();
    jobs.close();
    for (const use of [() => jobs.get(live), () => jobs.add(), () => jobs.capacity, () => jobs.recover(), () => jobs.blocks()]) {
      assert.throws(use, { code: "closed" });
    }
    const again = attachSharedPool(memory, Job, { byteOffset: jobs.byteOffset });
    assert.equal(again.get(live).number, 1);
  });

  it("is walked through while records go and come, by whoever does it", () => {
    const { memory, jobs } = growing();
    const other = attachSharedPool(memory, Job, { byteOffset: jobs.byteOffset });
    for (let number = 0; number < 40; number++) jobs.add(jobOf(number));
    const met: number[] = [];
    for (const handle of jobs.handles()) {
      met.push(jobs.read(handle).number);
      (met.length % 2 === 0 ? jobs : other).remove(handle);
      // What comes while slots are being walked through is met or not, but never twice.
      if (met.length % 10 === 0) jobs.add(jobOf(1000));
    }
    assert.deepEqual(
      met.filter((number) => number < 1000),
      Array.from({ length: 40 }, (_, number) => number),
    );
    assert.deepEqual(jobs.checkInvariants(), []);
    other.close();
    assert.deepEqual(jobs.checkInvariants(), []);
  });

  it("has views that end with it, and guards that can be released twice", () => {
    const { jobs } = growing();
    const handle = jobs.add(jobOf(5));
    const view = jobs.get(handle);
    const guard = jobs.guard(handle);
    guard.release();
    guard.release();
    const late = jobs.guard(handle);
    jobs.close();
    assert.throws(() => view.number, { code: "stale-view" });
    late.release();
  });

  it("refuses shapes and places that cannot be", () => {
    const memory = privateMemory(BYTES);
    for (const shape of [
      { capacity: 0 },
      { capacity: 1.5 },
      { capacity: 2 ** 25 },
      { capacity: 9, maxCapacity: 8 },
      { capacity: 9, seats: 0 },
    ]) {
      assert.throws(() => sharedPool(memory, Job, shape), { code: "invalid-argument" });
    }
    for (const byteOffset of [-64, 8, 1.5]) {
      assert.throws(() => sharedPool(memory, Job, { capacity: 9, byteOffset }), { code: "invalid-argument" });
    }
    assert.throws(() => sharedPool(memory, Job, { capacity: 100_000 }), { code: "out-of-bounds" });
    sharedPool(memory, Job, { capacity: 9 });
    assert.throws(() => attachSharedPool(memory, struct("Job", { number: u32 })), { code: "layout-mismatch" });
    assert.throws(() => attachSharedPool(memory, Job, { byteOffset: 64 }), { code: "corrupt" });
    memory.i32[4] += 1;
    assert.throws(() => attachSharedPool(memory, Job), { code: "corrupt" });
    assert.ok(sharedPoolByteLength(Job, { capacity: 9 }) < BYTES);
  });
});
