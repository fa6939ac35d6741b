import { it } from "node:test";
import { assertFails, assertHolds, explore } from "./explorer.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./role.scenario.ts");
const BOUNDS = { preemptions: 3, deaths: 1, mortals: [0] };

it("a role is one participant's, and goes to one when that dies at any step or leaves, in all orders of accesses", async () => {
  const { heirs } = await plays<Plays>("role");
  assertHolds(explore(heirs, BOUNDS));
});

const DEFECTS: readonly (readonly [what: string, from: string, to: string])[] = [
  [
    "a role is taken without a look at who came first",
    "Atomics.compareExchange(i64, this.#word, before, this.#holder) === before",
    "Atomics.store(i64, this.#word, this.#holder) === this.#holder",
  ],
  ["a role is taken from the living", "before !== NO_HOLDER && !this.#isOver(before)", "false"],
];
for (const [what, from, to] of DEFECTS) {
  it(`an exploration of a role finds that ${what}`, async () => {
    const { heirs } = await plays<Plays>("role", [{ module: "concurrent/role", from, to }]);
    assertFails(explore(heirs, BOUNDS));
  });
}
