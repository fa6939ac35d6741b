import assert from "node:assert/strict";
import { Signal } from "../../src/concurrent/signal.ts";
import type { Play } from "./run.ts";
import { stageMemory } from "./stage.ts";

const [WORD, DATA] = [0, 1];

/** Some wait for one number each, which some others count up to. */
function game(waiters: number, raisers: number, raises: number): ReturnType<Play> {
  const memory = stageMemory(64);
  const signal = new Signal(memory, WORD * 4);
  const waits = Array.from({ length: waiters }, (_, at) => () => {
    const least = raisers * raises - at;
    assert.ok(signal.waitUntil(() => Atomics.load(memory.i32, DATA) >= least));
  });
  const raise = (): void => {
    for (let round = 0; round < raises; round++) {
      Atomics.add(memory.i32, DATA, 1);
      signal.raise();
    }
  };
  return { threads: [...waits, ...Array.from({ length: raisers }, () => () => raise())] };
}

export const oneToOne: Play = () => game(1, 1, 3);
export const oneToTwo: Play = () => game(2, 1, 2);
export const twoToOne: Play = () => game(1, 2, 1);
