import { it } from "node:test";
import { assertFails, assertHolds, explore, exploreRandomly } from "./explorer.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./broadcast.scenario.ts");

it("a broadcast shows whole messages only, in all orders of accesses", async () => {
  const { overtakes, laps } = await plays<Plays>("broadcast");
  assertHolds(explore(overtakes, { preemptions: 2, mostSteps: 20_000 }));
  assertHolds(exploreRandomly(laps, { schedules: 2000, seed: 3, mostSteps: 20_000 }));
});

const DEFECTS: readonly (readonly [what: string, module: string, from: string, to: string])[] = [
  [
    "a copy is used without a look whether it was overwritten",
    "concurrent/broadcast/receiver",
    "if (!this.#isValid()) {\n                this.#skip();\n                continue;\n            }\n            this.#pass",
    "this.#pass",
  ],
  [
    "the transmitter says too late how far it writes",
    "concurrent/broadcast/transmitter",
    "Atomics.exchange(i32, plan.intent, (this.#position + padding + units) | 0);",
    "",
  ],
];
for (const [what, module, from, to] of DEFECTS) {
  it(`an exploration of a broadcast finds that ${what}`, async () => {
    const { overtakes, laps } = await plays<Plays>("broadcast", [{ module, from, to }]);
    const all = explore(overtakes, { preemptions: 2, mostSteps: 20_000 });
    assertFails(all.failure === undefined ? exploreRandomly(laps, { schedules: 20_000, seed: 3, mostSteps: 20_000 }) : all);
  });
}
