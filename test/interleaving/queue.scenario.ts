import assert from "node:assert/strict";
import { attachQueue, queue, queueByteLength } from "../../src/concurrent/rings/make-queue.ts";
import { composed } from "../../src/layout/generation.ts";
import { u32 } from "../../src/layout/scalars.ts";
import type { Play, World } from "./run.ts";
import { stageMemory } from "./stage.ts";

type Work = readonly ("push" | "pop" | "force" | "many" | "into")[];

/** What threads push is popped by one each, or left, or made room; of a thread that dies at most one value is lost. */
function game(world: World, capacity: number, works: readonly Work[]): ReturnType<Play> {
  return composed(() => {
    const shape = { capacity, seats: 4 };
    const memory = stageMemory(queueByteLength(u32, shape));
    const isAlive = (identity: number) => world.isAlive(identity - 1);
    const first = queue(memory, u32, { ...shape, identity: 9, isAlive });
    const ends = works.map((_, thread) => attachQueue(memory, u32, { identity: thread + 1, isAlive }));
    const pushed: number[] = [];
    const got: number[][] = works.map(() => []);
    return {
      threads: works.map((work, thread) => () => {
        for (const [at, step] of work.entries()) {
          const value = 10 * (thread + 1) + at;
          if (step === "pop") {
            const found = ends[thread].pop();
            if (found !== undefined) got[thread].push(found);
          } else if (step === "force") {
            got[thread].push(...ends[thread].forcePush(value));
            pushed.push(value);
          } else if (step === "many") {
            const values = [value, value + 1];
            pushed.push(...values.slice(0, ends[thread].pushMany(values)));
          } else if (step === "into") {
            const target: number[] = [0, 0];
            got[thread].push(...target.slice(0, ends[thread].popInto(target)));
          } else if (ends[thread].push(value)) pushed.push(value);
        }
      }),
      check: () => {
        const isWell = works.every((_, thread) => world.isAlive(thread));
        // Who recovers also sets right what the living have left behind, which must be nothing.
        const left = isWell ? [] : first.recover();
        for (let value = first.pop(); value !== undefined; value = first.pop()) left.push(value);
        const all = [...got.flat(), ...left];
        assert.equal(new Set(all).size, all.length, `a value was given to two: ${all}`);
        const dead = works.filter((_, thread) => !world.isAlive(thread)).length * (works.flat().includes("into") ? 2 : 1);
        const missing = pushed.filter((value) => !all.includes(value));
        assert.ok(missing.length <= dead, `lost: ${missing}`);
        for (const values of got) {
          for (const thread of works.keys()) {
            const theirs = values.filter((value) => Math.floor(value / 10) === thread + 1);
            assert.deepEqual(theirs, [...theirs].sort());
          }
        }
        assert.deepEqual(first.checkInvariants(), []);
      },
    };
  });
}

export const one: Play = (world) =>
  game(world, 1, [
    ["push", "pop"],
    ["push", "pop"],
  ]);
export const two: Play = (world) =>
  game(world, 2, [
    ["push", "push"],
    ["pop", "pop"],
    ["push", "pop"],
  ]);
export const many: Play = (world) =>
  game(world, 3, [
    ["many", "into"],
    ["many", "into"],
  ]);
export const forced: Play = (world) =>
  game(world, 1, [
    ["push", "pop"],
    ["push", "pop", "force"],
  ]);

/** Two wait for values until there are no more. */
export const ends: Play = () =>
  composed(() => {
    const shape = { capacity: 1, seats: 4 };
    const memory = stageMemory(queueByteLength(u32, shape));
    const first = queue(memory, u32, { ...shape, identity: 9 });
    const takers = [1, 2].map((identity) => attachQueue(memory, u32, { identity }));
    const got: number[] = [];
    return {
      threads: [
        () => {
          assert.ok(first.pushWait(1));
          assert.ok(first.pushWait(2));
          first.end();
        },
        ...takers.map((taker) => () => {
          for (let value = taker.popWait(); value !== undefined; value = taker.popWait()) got.push(value);
        }),
      ],
      check: () => assert.deepEqual(got.sort(), [1, 2]),
    };
  });
