import assert from "node:assert/strict";
import { it } from "node:test";
import { TaggedList } from "../../src/concurrent/tagged-list.ts";
import { privateMemory } from "../../src/index.ts";
import { countSteps, interruptedAt } from "./steps.ts";

function listOf(capacity: number): TaggedList {
  const list = new TaggedList(privateMemory(8 + capacity * 4), 0, 2, capacity);
  list.push(Array.from({ length: capacity }, (_, number) => number));
  return list;
}

it("a tagged list gives no number to two, when the number on top comes back between the look at it and the change", () => {
  const works = {
    pop: (list: TaggedList) => list.pop(2),
    push: (list: TaggedList): number[] => {
      list.push(list.pop(1));
      return [];
    },
  };
  for (const work of Object.values(works)) {
    const steps = countSteps(() => work(listOf(6)));
    for (let at = 0; at < steps; at++) {
      const list = listOf(6);
      let others: number[] = [];
      const taken = interruptedAt(
        at,
        () => work(list),
        () => {
          const [top] = list.pop(1);
          others = list.pop(1);
          list.push([top]);
        },
      );
      const all = [...taken, ...others, ...list.list()].sort();
      assert.deepEqual(all, [0, 1, 2, 3, 4, 5], `interrupted at step ${at}`);
    }
  }
});
