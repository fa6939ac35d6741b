import { it } from "node:test";
import { assertFails, assertHolds, explore, exploreRandomly } from "./explorer.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./queue.scenario.ts");

/** Ends are told of each time: there are too few steps for 32. */
const TOLD = { module: "concurrent/rings/queue-end", from: "TOLD_ONCE_IN = 32", to: "TOLD_ONCE_IN = 1" };

it("a queue gives every value to one, in all orders of accesses", async () => {
  for (const patches of [[], [TOLD]]) {
    const { one, two, many, forced } = await plays<Plays>("queue", patches);
    assertHolds(explore(one, { preemptions: 1 }));
    assertHolds(explore(two, { preemptions: 1 }));
    assertHolds(explore(many, { preemptions: 1 }));
    assertHolds(explore(forced, { preemptions: 1, mostSteps: 20_000 }));
    for (const play of [one, two, many, forced])
      assertHolds(exploreRandomly(play, { schedules: 300, seed: 11, mostSteps: 20_000 }));
  }
});

it("a queue goes on when one dies at any step", async () => {
  for (const patches of [[], [TOLD]]) {
    const { one, two, many } = await plays<Plays>("queue", patches);
    assertHolds(explore(one, { preemptions: 0, deaths: 1 }));
    assertHolds(explore(many, { preemptions: 0, deaths: 1 }));
    assertHolds(exploreRandomly(two, { schedules: 500, seed: 7, deaths: 2 }));
    assertHolds(exploreRandomly(many, { schedules: 500, seed: 7, deaths: 1 }));
  }
});

it("a queue that is ended gives all and leaves nobody asleep, in all orders of accesses", async () => {
  const { ends } = await plays<Plays>("queue");
  assertHolds(explore(ends, { preemptions: 1, mostSteps: 20_000 }));
  assertHolds(exploreRandomly(ends, { schedules: 300, seed: 3, mostSteps: 20_000 }));
});

it("an exploration of a queue finds that its end is not told of", async () => {
  const patch = {
    module: "concurrent/rings/queue",
    from: "this.#plan.ended, 1);\n        this.#values.raise();",
    to: "this.#plan.ended, 1);",
  };
  const { ends } = await plays<Plays>("queue", [patch]);
  assertFails(exploreRandomly(ends, { schedules: 2000, seed: 3, mostSteps: 20_000 }));
});

const DEFECTS: readonly (readonly [what: string, module: string, from: string, to: string])[] = [
  [
    "a claim looks first and takes then",
    "concurrent/rings/queue-end",
    "if (Atomics.compareExchange(this.#memory.i32, plan.states + slot, found, state) !== found)\n            return false;",
    "Atomics.store(this.#memory.i32, plan.states + slot, state);",
  ],
  [
    "an end is told to be where nobody was",
    "concurrent/rings/queue-end",
    "TOLD_ONCE_IN)\n            Atomics.compareExchange(this.#memory.i32, this.#told, told, position);",
    "1)\n            Atomics.compareExchange(this.#memory.i32, this.#told, told, position + 1);",
  ],
  ["of many claims only the first is passed", "concurrent/rings/queue-states", "return runOf(state);", "return 1;"],
  ["more is claimed than is there", "concurrent/rings/queue-end", "if ((state & ~PART) !== wanted)\n                break;", ""],
  [
    "the first of many is told of before the others",
    "concurrent/rings/queue-slots",
    "if (at < count - 1)\n                    i32[plan.states + slot] = next;\n                // Who comes behind this run may have looked at no more of it than this.\n                else\n                    Atomics.store(i32, plan.states + slot, next);\n            }\n        }\n        this.#settle(first, state, then);",
    "if (at === 1) this.#settle(first, state, then);\nAtomics.store(i32, plan.states + slot, next);\n}\n}\nelse this.#settle(first, state, then);",
  ],
  [
    "a value is told before it is written",
    "concurrent/rings/queue-slots",
    "this.#type.rawStore(this.#memory, this.plan.slots + slot * this.#type.byteSize, checked);\n        this.#settle(slot, state, FULL | lap);",
    "this.#settle(slot, state, FULL | lap);\nthis.#type.rawStore(this.#memory, this.plan.slots + slot * this.#type.byteSize, checked);",
  ],
  ["what a dead one was writing is taken for whole", "concurrent/rings/queue-slots", "VOID | its", "FULL | its"],
];
for (const [what, module, from, to] of DEFECTS) {
  it(`an exploration of a queue finds that ${what}`, async () => {
    const { one, two, many } = await plays<Plays>("queue", [{ module, from, to }]);
    if (what.includes("many") || what.includes("more")) return assertFails(exploreRandomly(many, { schedules: 3000, seed: 3 }));
    const dying = what.includes("dead") ? { deaths: 1 } : {};
    const all = explore(one, { preemptions: 1, ...dying });
    assertFails(all.failure === undefined ? exploreRandomly(two, { schedules: 3000, seed: 3, ...dying }) : all);
  });
}
