import { it } from "node:test";
import { assertFails, assertHolds, explore } from "./explorer.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./signal.scenario.ts");

it("a signal leaves nobody asleep, in all orders of accesses", async () => {
  const { oneToOne, oneToTwo, twoToOne } = await plays<Plays>("signal");
  assertHolds(explore(oneToOne, { preemptions: 4 }));
  assertHolds(explore(oneToTwo, { preemptions: 3 }));
  assertHolds(explore(twoToOne, { preemptions: 3 }));
});

const DEFECTS: readonly (readonly [what: string, from: string, to: string])[] = [
  [
    "who listens does not look once more",
    "something before.\n        if (waiter.look())\n            return true;",
    "something before.",
  ],
  [
    "who listens does not tell it",
    "return Atomics.or(this.memory.i32, this.#word, WAITING)",
    "return Atomics.load(this.memory.i32, this.#word)",
  ],
  ["a wake-up does not change the word", "(found + 1) | 0", "found"],
  ["a wake-up is forgotten", "this.memory.parking.notify(this.#word, Number.POSITIVE_INFINITY);", ""],
  ["only one is woken", "Number.POSITIVE_INFINITY);\n            return;", "1);\n            return;"],
];
for (const [what, from, to] of DEFECTS) {
  it(`an exploration of a signal finds that ${what}`, async () => {
    const { oneToOne, oneToTwo } = await plays<Plays>("signal", [
      { module: from.includes("waiter.look") ? "concurrent/waiting" : "concurrent/signal", from, to },
    ]);
    assertFails(explore(what.startsWith("only") ? oneToTwo : oneToOne, { preemptions: 3 }));
  });
}
