import assert from "node:assert/strict";
import { pipeline, pipelineByteLength } from "../../src/concurrent/rings/pipeline.ts";
import { composed } from "../../src/layout/generation.ts";
import { u32 } from "../../src/layout/scalars.ts";
import type { Play } from "./run.ts";
import { stageMemory } from "./stage.ts";

const COUNT = 2;

/** Each stage adds its own number to every value, in place, and must find those of the stages that it follows. */
function game(
  capacity: number,
  stages: Readonly<Record<string, readonly string[]>>,
  adds: Readonly<Record<string, number>>,
): ReturnType<Play> {
  return composed(() => {
    const shape = { capacity, stages };
    const made = pipeline(stageMemory(pipelineByteLength(u32, shape)), u32, shape);
    const names = Object.keys(stages);
    const producer = made.producer({ identity: 1 });
    const ends = names.map((name, at) => made.stage(name, { identity: at + 2 }));
    const ancestors = (name: string): string[] => stages[name].flatMap((other) => [other, ...ancestors(other)]);
    const before = (name: string): number => [...new Set(ancestors(name))].reduce((sum, other) => sum + adds[other], 0);
    const seen: number[] = [];
    return {
      threads: [
        () => {
          for (let value = 1; value <= COUNT; value++) assert.ok(producer.pushWait(1000 * value));
        },
        ...names.map((name, at) => () => {
          for (let value = 1; value <= COUNT; value++) {
            assert.ok(ends[at].waitReady());
            const chunk = ends[at].claim(1);
            assert.ok(chunk);
            const found = chunk.get(0);
            assert.ok(found >= 1000 * value + before(name), `${name} met ${found} too early`);
            assert.ok(found < 1000 * (value + 1), `${name} met ${found} too late`);
            if (adds[name] > 0) chunk.set(0, found + adds[name]);
            else seen.push(found);
            chunk.commit();
          }
        }),
      ],
      check: () => {
        assert.deepEqual(made.checkInvariants(), []);
        assert.ok(seen.length === 0 || seen.length % COUNT === 0);
      },
    };
  });
}

export const row: Play = () => game(1, { first: [], last: ["first"] }, { first: 1, last: 0 });
export const both: Play = () => game(1, { left: [], right: [] }, { left: 0, right: 0 });
export const diamond: Play = () =>
  game(2, { first: [], left: ["first"], right: ["first"], last: ["left", "right"] }, { first: 1, left: 0, right: 0, last: 0 });
