import assert from "node:assert/strict";

import type { Memory } from "../../src/core/memory.ts";
import { RobustLock } from "../../src/core/robust-lock.ts";
import { Seats, seatsByteLength } from "../../src/core/seats.ts";
import type { Play, World } from "./run.ts";
import { stageMemory } from "./stage.ts";

const PLACE = { byteOffset: 64, seats: 4, strideByteLength: 16 };
/** Words that the lock protects: always the same number. */
const [ONE, TWO] = [2, 3];

function join(memory: Memory, world: World, thread: number): { readonly seats: Seats; readonly lock: RobustLock } {
  const identity = thread + 1;
  const seats = new Seats(memory, PLACE, "test", { identity, isAlive: (asked) => world.isAlive(asked - 1) });
  seats.sit(() => {});
  return { seats, lock: new RobustLock(seats, 0, "test lock") };
}

/** Counts in two words under the lock, and repairs what a dead holder left between them. */
function count(memory: Memory, lock: RobustLock, acquired: string | undefined): void {
  if (acquired === "inherited") memory.i32[TWO] = memory.i32[ONE];
  assert.equal(memory.i32[ONE], memory.i32[TWO], "two hold it, or half a change was left");
  memory.i32[ONE] += 1;
  memory.i32[TWO] += 1;
  lock.release();
}

function contenders(world: World, threads: number, rounds: number): ReturnType<Play> {
  const memory = stageMemory(64 + seatsByteLength(PLACE));
  const parties = Array.from({ length: threads }, (_, thread) => join(memory, world, thread));
  return {
    threads: parties.map(({ lock }) => () => {
      for (let round = 0; round < rounds; round++) count(memory, lock, lock.acquire());
    }),
    check() {
      const dead = parties.filter((_, thread) => !world.isAlive(thread)).length;
      const { lock } = join(memory, world, threads);
      const acquired = lock.acquire();
      assert.ok(dead > 0 || acquired === "clean");
      count(memory, lock, acquired);
      if (dead === 0) assert.equal(memory.i32[ONE], threads * rounds + 1, "a count was lost");
    },
  };
}

export const two: Play = (world) => contenders(world, 2, 2);
export const three: Play = (world) => contenders(world, 3, 1);

/** One waits, one only tries, and one that held it when it died is inherited from. */
export const tries: Play = (world) => {
  const memory = stageMemory(64 + seatsByteLength(PLACE));
  const [waits, triesIt, dies] = [0, 1, 2].map((thread) => join(memory, world, thread));
  return {
    threads: [
      () => count(memory, waits.lock, waits.lock.acquire()),
      () => {
        const acquired = triesIt.lock.tryAcquire();
        if (acquired !== undefined) count(memory, triesIt.lock, acquired);
      },
      () => count(memory, dies.lock, dies.lock.acquire()),
    ],
  };
};
