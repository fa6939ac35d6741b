import { it } from "node:test";
import { assertFails, assertHolds, explore, exploreRandomly } from "./explorer.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./pipeline.scenario.ts");
const MOST_STEPS = { mostSteps: 20_000 };

it("stages keep behind those that they follow, and the producer behind all, in all orders of accesses", async () => {
  const { row, both, diamond } = await plays<Plays>("pipeline");
  assertHolds(explore(row, { preemptions: 1, ...MOST_STEPS }));
  assertHolds(explore(both, { preemptions: 1, ...MOST_STEPS }));
  for (const play of [row, both, diamond]) assertHolds(exploreRandomly(play, { schedules: 200, seed: 5, ...MOST_STEPS }));
});

const DEFECTS: readonly (readonly [what: string, from: string, to: string, play: keyof Plays])[] = [
  ["a stage does not wait for the one that it follows", "return mask === 0 ? [-1] :", "return mask !== 31 ? [-1] :", "row"],
  [
    "the producer waits for one of the last stages only",
    "followed & (1 << stage) ? []",
    "followed & (1 << stage) || stage > 0 ? []",
    "both",
  ],
];
for (const [what, from, to, name] of DEFECTS) {
  it(`an exploration of a pipeline finds that ${what}`, async () => {
    const play = (await plays<Plays>("pipeline", [{ module: "concurrent/rings/ring-layout", from, to }]))[name];
    assertFails(explore(play, { preemptions: 1, ...MOST_STEPS }));
  });
}
