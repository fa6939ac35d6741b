import assert from "node:assert/strict";
import { attachRing, ring, ringByteLength } from "../../src/concurrent/rings/ring.ts";
import { composed } from "../../src/layout/generation.ts";
import { u32 } from "../../src/layout/scalars.ts";
import type { Play } from "./run.ts";
import { stageMemory } from "./stage.ts";

/** Values pass a ring of so many slots, all of them and in order. What is made for a type would not stop between its steps: the same without. */
function game(capacity: number, count: number): ReturnType<Play> {
  return composed(() => {
    const memory = stageMemory(ringByteLength(u32, { capacity }));
    ring(memory, u32, { capacity });
    const producer = attachRing(memory, u32).producer({ identity: 1 });
    const consumer = attachRing(memory, u32).consumer({ identity: 2 });
    const seen: (number | undefined)[] = [];
    return {
      threads: [
        () => {
          for (let value = 1; value <= count; value++) assert.ok(producer.pushWait(value));
        },
        () => {
          for (let value = 1; value <= count; value++) seen.push(consumer.popWait());
        },
      ],
      check: () => {
        assert.deepEqual(
          seen,
          Array.from({ length: count }, (_, at) => at + 1),
        );
        assert.equal(producer.room(), capacity);
      },
    };
  });
}

export const oneSlot: Play = () => game(1, 3);
export const twoSlots: Play = () => game(2, 3);

/** The producer leaves while the consumer goes to sleep. */
export const leaves: Play = () =>
  composed(() => {
    const memory = stageMemory(ringByteLength(u32, { capacity: 2 }));
    const made = ring(memory, u32, { capacity: 2 });
    const producer = made.producer({ identity: 1, flushEvery: 8 });
    const consumer = made.consumer({ identity: 2 });
    const seen: unknown[] = [];
    return {
      threads: [
        () => {
          producer.push(7);
          producer.close();
        },
        () => {
          while (consumer.waitReady()) seen.push(consumer.pop());
        },
      ],
      check: () => assert.deepEqual(seen, [7]),
    };
  });
