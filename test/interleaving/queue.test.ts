import { it } from "node:test";
import { assertFails, assertHolds, explore, exploreRandomly } from "./explorer.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./queue.scenario.ts");

it("a queue gives every value to one, in all orders of accesses", async () => {
  const { one, two, many, forced } = await plays<Plays>("queue");
  assertHolds(explore(one, { preemptions: 1 }));
  assertHolds(explore(two, { preemptions: 1 }));
  assertHolds(explore(many, { preemptions: 1 }));
  assertHolds(explore(forced, { preemptions: 1, mostSteps: 20_000 }));
  for (const play of [one, two, many, forced]) assertHolds(exploreRandomly(play, { schedules: 300, seed: 11, mostSteps: 20_000 }));
});

it("a queue goes on when one dies at any step", async () => {
  const { one, two, many } = await plays<Plays>("queue");
  assertHolds(explore(one, { preemptions: 0, deaths: 1 }));
  assertHolds(explore(many, { preemptions: 0, deaths: 1 }));
  assertHolds(exploreRandomly(two, { schedules: 500, seed: 7, deaths: 2 }));
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
    "concurrent/rings/queue-slots",
    "const found = isHere ? Atomics.compareExchange(i32, word, seen, seatState(to, this.seats.seat, lap)) : seen;",
    "const found = seen; if (isHere) Atomics.store(i32, word, seatState(to, this.seats.seat, lap));",
  ],
  [
    "of many claims the end is moved behind the first alone",
    "concurrent/rings/queue-slots",
    "this.#moveEnd(end, position, this.#claimMore(position, from, to, most));",
    "this.#claimMore(position, from, to, most); Atomics.compareExchange(i32, end, position, nextPosition(position, plan));",
  ],
  [
    "more is claimed than is there",
    "concurrent/rings/queue-slots",
    "if (Atomics.compareExchange(i32, word, from | lap, seatState(to, this.seats.seat, lap)) !== (from | lap))\n                break;",
    "Atomics.store(i32, word, seatState(to, this.seats.seat, lap));",
  ],
  [
    "a value is told before it is written",
    "concurrent/rings/queue-slots",
    "this.#type.rawStore(this.#memory, plan.slots + slot * this.#type.byteSize, checked);\n        const mine = seatState(WRITING, this.seats.seat, lap);\n        if (Atomics.compareExchange(this.#memory.i32, plan.states + slot, mine, FULL | lap) !== mine)\n            this.#throwLost();",
    "const mine = seatState(WRITING, this.seats.seat, lap);\n        if (Atomics.compareExchange(this.#memory.i32, plan.states + slot, mine, FULL | lap) !== mine)\n            this.#throwLost();\nthis.#type.rawStore(this.#memory, plan.slots + slot * this.#type.byteSize, checked);",
  ],
  [
    "what a dead one was writing is taken for whole",
    "concurrent/rings/queue-slots",
    "Atomics.store(i32, word, VOID | lap)",
    "Atomics.store(i32, word, FULL | lap)",
  ],
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
