import assert from "node:assert/strict";
import { it } from "node:test";
import { TaggedList } from "../../src/concurrent/pools/tagged-list.ts";
import { privateMemory } from "../../src/index.ts";
import { assertFails, assertHolds, explore } from "./explorer.ts";
import { plays } from "./plays.ts";
import { countSteps, interruptedAt } from "./steps.ts";

type Plays = typeof import("./tagged-list.scenario.ts");

function listOf(capacity: number): TaggedList {
  const links = { isThere: (number: number) => number >= 0 && number < capacity, linkOf: (number: number) => 2 + number };
  const list = new TaggedList(privateMemory(8 + capacity * 4), 0, links);
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

it("a tagged list gives each number to one, in all orders of accesses", async () => {
  const { takes, comesBack, passesRound } = await plays<Plays>("tagged-list");
  for (const play of [takes, comesBack, passesRound]) assertHolds(explore(play, { preemptions: 3 }));
});

it("an exploration of a tagged list finds that a head that came back is taken for the one of before, or that a link is set too late", async () => {
  const module = "concurrent/pools/tagged-list";
  const untagged = await plays<Plays>("tagged-list", [{ module, from: "(before >> 32n) + 1n", to: "(before >> 32n)" }]);
  assertFails(explore(untagged.comesBack, { preemptions: 2 }));
  const blind = await plays<Plays>("tagged-list", [
    {
      module,
      from: "if (Atomics.compareExchange(i64, this.#head, before, headOf(before, next)) === before)",
      to: "if (Atomics.store(i64, this.#head, headOf(before, next)) !== 0n)",
    },
  ]);
  assertFails(explore(blind.takes, { preemptions: 1 }));
});
