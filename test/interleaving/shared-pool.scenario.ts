import assert from "node:assert/strict";
import { attachSharedPool, sharedPool, sharedPoolByteLength } from "../../src/concurrent/pools/make-shared-pool.ts";
import type { SharedPool } from "../../src/concurrent/pools/shared-pool.ts";
import type { BlockSource } from "../../src/core/block-source.ts";
import { NIL, type Ptr } from "../../src/core/brand.ts";
import type { Handle } from "../../src/core/handle.ts";
import type { Memory } from "../../src/core/memory.ts";
import { u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import type { Play, World } from "./run.ts";
import { stageMemory } from "./stage.ts";

const Job = struct("Job", { number: u32 });
type Jobs = SharedPool<typeof Job>;
type JobHandle = Handle<typeof Job>;

const BYTES = 4096;
const MOST = 7;

/** Blocks one behind the other, never given back; what is in them is what others have left there. */
function leftovers(memory: Memory, begin: number): BlockSource {
  let next = begin;
  memory.u8.fill(0xff, begin);
  return {
    memory,
    subject: "leftovers",
    lease: memory.lease,
    rawAlloc(byteSize) {
      const ptr = next;
      if (ptr + byteSize > BYTES) return NIL;
      next += Math.ceil(byteSize / 64) * 64;
      return ptr as Ptr;
    },
    rawFree: () => {},
  };
}

/** A pool of one slot, which has to grow for almost everything; records are what their makers have put there, and every slot is of use in the end. */
function game(world: World, works: readonly ((jobs: Jobs, mine: Map<JobHandle, number>) => void)[]): ReturnType<Play> {
  const memory = stageMemory(BYTES);
  const shape = { capacity: 1, seats: 3 };
  const allocator = leftovers(memory, Math.ceil(sharedPoolByteLength(Job, shape) / 64) * 64);
  const part = (identity: number) => ({ identity, isAlive: (asked: number) => asked > works.length || world.isAlive(asked - 1) });
  const first = sharedPool(memory, Job, { ...shape, allocator, maxCapacity: MOST, byteOffset: 0, ...part(3) });
  const pools = works.map((_, thread) => attachSharedPool(memory, Job, { allocator, ...part(thread + 1) }));
  const hands = works.map(() => new Map<JobHandle, number>());
  const told = () => hands.flatMap((mine) => [...mine]);
  return {
    threads: works.map((work, thread) => () => work(pools[thread], hands[thread])),
    check() {
      first.recover();
      assert.deepEqual(first.checkInvariants(), []);
      assert.equal(new Set(told().map(([handle]) => handle)).size, told().length, "a slot was handed out twice");
      for (const [handle, number] of told()) assert.equal(first.get(handle).number, number, "a record is not what it was");
      // Each participant that lives may keep slots in its cache, which others cannot have.
      for (const [thread, pool] of pools.entries()) if (world.isAlive(thread)) pool.close();
      while (first.tryAdd() !== 0);
      assert.equal(first.capacity, MOST);
      assert.equal(first.countRecords(), MOST, "slots are lost");
      for (const [handle, number] of told()) assert.equal(first.get(handle).number, number, "a record is not what it was");
      assert.deepEqual(first.checkInvariants(), []);
    },
  };
}

function add(jobs: Jobs, mine: Map<JobHandle, number>, number: number): void {
  const handle = jobs.tryAdd({ number });
  if (handle !== 0) mine.set(handle, number);
}

/** One takes the only slot; then both need a block at once. */
export const growth: Play = (world) =>
  game(
    world,
    [1, 3].map((number) => (jobs, mine) => {
      add(jobs, mine, number);
      add(jobs, mine, number + 1);
    }),
  );

/** One grows, the other looks for records in blocks that it does not know, and removes what it finds. */
export const found: Play = (world) => {
  const letters: JobHandle[] = [];
  return game(world, [
    (jobs, mine) => {
      for (const number of [1, 2, 3]) add(jobs, mine, number);
      letters.push(...mine.keys());
    },
    (jobs) => {
      for (const handle of jobs.handles()) assert.ok(jobs.tryGet(handle) === undefined || jobs.read(handle).number < 4);
      for (const handle of letters) assert.ok(jobs.has(handle), "a record is not there for others");
    },
  ]);
};
