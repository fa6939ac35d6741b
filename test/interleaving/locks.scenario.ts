import assert from "node:assert/strict";
import { barrier } from "../../src/concurrent/locks/barrier.ts";
import { condition } from "../../src/concurrent/locks/condition.ts";
import { mutex } from "../../src/concurrent/locks/mutex.ts";
import { once } from "../../src/concurrent/locks/once.ts";
import { type Roster, roster, rosterByteLength } from "../../src/concurrent/locks/roster.ts";
import { rwLock, rwLockByteLength } from "../../src/concurrent/locks/rw-lock.ts";
import { semaphore } from "../../src/concurrent/locks/semaphore.ts";
import { seqlock } from "../../src/concurrent/locks/seqlock.ts";
import { MemoryError } from "../../src/core/errors.ts";
import type { Memory } from "../../src/core/memory.ts";
import type { Play, World } from "./run.ts";
import { stageMemory } from "./stage.ts";

const SEATS = 4;
const LOCK = 512;
const SECOND = LOCK + rwLockByteLength(SEATS);
/** Two words that every lock here protects: always the same number. */
const ONE = SECOND / 4 + 32;
const TWO = ONE + 1;

interface Stage {
  readonly memory: Memory;
  join(thread: number): Roster;
}

function stage(world: World): Stage {
  const memory = stageMemory(TWO * 4 + 64);
  assert.ok(rosterByteLength(SEATS) <= LOCK);
  const join = (thread: number): Roster =>
    roster(memory, { seats: SEATS, identity: thread + 1, isAlive: (asked) => world.isAlive(asked - 1) });
  return { memory, join };
}

function change({ i32 }: Memory): void {
  assert.equal(i32[ONE], i32[TWO], "two change it, or half a change was left");
  i32[ONE] += 1;
  i32[TWO] += 1;
}

function look({ i32 }: Memory): void {
  assert.equal(i32[ONE], i32[TWO], "half a change was seen");
}

const repairOf =
  ({ i32 }: Memory) =>
  (): void => {
    i32[TWO] = i32[ONE];
  };

/** `w` writes, `r` reads, `R` reads twice at once, `t` tries to write. One more, at the end, looks whether all is well. */
function readersAndWriters(world: World, works: string): ReturnType<Play> {
  const { memory, join } = stage(world);
  const handles = [...works].map((_, thread) => rwLock(join(thread), { byteOffset: LOCK, repair: repairOf(memory) }));
  const last = rwLock(join(works.length), { byteOffset: LOCK, repair: repairOf(memory) });
  return {
    threads: handles.map(({ read, write }, thread) => () => {
      const work = works[thread];
      if (work === "w" || (work === "t" && write.tryAcquire())) {
        if (work === "w") write.acquire();
        change(memory);
        write.release();
      } else if (work !== "t") {
        read.acquire();
        look(memory);
        if (work === "R") read.acquire();
        if (work === "R") read.release();
        read.release();
      }
    }),
    check() {
      last.write.acquire();
      change(memory);
      last.write.release();
      assert.deepEqual(last.checkInvariants(), []);
      const writers = [...works].filter((work) => work === "w").length;
      if (handles.every((_, thread) => world.isAlive(thread)) && !works.includes("t")) assert.equal(memory.i32[ONE], writers + 1);
    },
  };
}

export const readAndWrite: Play = (world) => readersAndWriters(world, "wr");
export const readReadWrite: Play = (world) => readersAndWriters(world, "Rrw");
export const writeWriteRead: Play = (world) => readersAndWriters(world, "wwr");
export const tryToWrite: Play = (world) => readersAndWriters(world, "trw");

/** More than there are permits. */
function permitHolders(world: World, threads: number, permits: number): ReturnType<Play> {
  const { memory, join } = stage(world);
  const handles = Array.from({ length: threads }, (_, thread) => semaphore(join(thread), { byteOffset: LOCK, permits }));
  const last = semaphore(join(threads), { byteOffset: LOCK, permits });
  let inside = 0;
  return {
    threads: handles.map((handle, thread) => () => {
      handle.acquire();
      inside += 1;
      memory.i32[ONE] = thread;
      if (handles.every((_, at) => world.isAlive(at))) assert.ok(inside <= permits, "more than there are permits");
      inside -= 1;
      handle.release();
    }),
    check() {
      for (let permit = 0; permit < permits; permit++) assert.equal(last.tryAcquire(), true, "a permit is lost");
      assert.equal(last.tryAcquire(), false, "a permit was made");
    },
  };
}

export const onePermit: Play = (world) => permitHolders(world, 2, 1);
export const twoPermits: Play = (world) => permitHolders(world, 3, 2);

/** One makes two things, others take one each. */
export const producerAndConsumers: Play = (world) => {
  const { memory, join } = stage(world);
  const handles = [0, 1, 2].map((thread) => {
    const lock = mutex(join(thread), { byteOffset: LOCK });
    return { lock, filled: condition(lock, { byteOffset: SECOND }) };
  });
  const consume = (at: number) => () => {
    const { lock, filled } = handles[at];
    lock.acquire();
    filled.waitUntil(() => memory.i32[ONE] > 0);
    memory.i32[ONE] -= 1;
    lock.release();
  };
  return {
    threads: [
      () => {
        const { lock, filled } = handles[0];
        for (let round = 0; round < 2; round++) {
          lock.acquire();
          memory.i32[ONE] += 1;
          filled.notify();
          lock.release();
        }
      },
      consume(1),
      consume(2),
    ],
    check: () => assert.equal(memory.i32[ONE], 0),
  };
};

export const onlyOnce: Play = (world) => {
  const { memory, join } = stage(world);
  const handles = [0, 1, 2].map((thread) => once(join(thread), { byteOffset: LOCK }));
  return {
    threads: handles.map((handle) => () => {
      handle.run(() => {
        if ([0, 1, 2].every((thread) => world.isAlive(thread))) assert.equal(memory.i32[ONE], 0, "done twice");
        memory.i32[ONE] = 0;
        memory.i32[ONE] += 1;
      });
      assert.equal(memory.i32[ONE], 1, "not done");
    }),
  };
};

/** Nobody begins a round before all have ended the one before. */
export const rounds: Play = () => {
  const memory = stageMemory(256);
  const handles = [0, 1].map(() => barrier(memory, { byteOffset: 64, parties: 2 }));
  return {
    threads: handles.map((handle, thread) => () => {
      for (let round = 1; round <= 2; round++) {
        memory.i32[thread] = round;
        handle.wait();
        assert.ok(memory.i32[1 - thread] >= round, "it went on before the other had come");
      }
    }),
    check: () => assert.equal(handles[0].arrived, 0),
  };
};

/** One gives up. All go on, or all hear of it. */
export const givesUp: Play = () => {
  const memory = stageMemory(256);
  const handle = barrier(memory, { byteOffset: 64, parties: 2 });
  const outcomes: string[] = [];
  const wait = (timeoutMs: number) => (): void => {
    try {
      handle.wait({ timeoutMs });
      outcomes.push("passed");
    } catch (error) {
      outcomes.push(error instanceof MemoryError ? error.code : "wrong");
    }
  };
  return {
    threads: [wait(0), wait(1000)],
    sleepsEnd: true,
    check() {
      if (outcomes.includes("passed")) assert.deepEqual(outcomes, ["passed", "passed"]);
      else assert.deepEqual(outcomes.sort(), ["locked", "participant-lost"]);
    },
  };
};

/** `w` writes, `r` reads. */
function sequence(world: World, works: string): ReturnType<Play> {
  const { memory, join } = stage(world);
  const handles = [...works].map((_, thread) => seqlock(join(thread), { byteOffset: LOCK, repair: repairOf(memory) }));
  const last = seqlock(join(works.length), { byteOffset: LOCK, repair: repairOf(memory) });
  return {
    threads: handles.map((handle, thread) => () => {
      if (works[thread] === "w") handle.write(() => change(memory));
      else {
        const [one, two] = handle.read(() => [memory.i32[ONE], memory.i32[TWO]]);
        assert.equal(one, two, "half a change was seen");
      }
    }),
    check() {
      last.write(() => change(memory));
      assert.deepEqual(last.checkInvariants(), []);
    },
  };
}

export const sequenceRead: Play = (world) => sequence(world, "wr");
export const sequenceWrites: Play = (world) => sequence(world, "wwr");
