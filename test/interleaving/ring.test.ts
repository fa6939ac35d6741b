import { it } from "node:test";
import { assertFails, assertHolds, explore } from "./explorer.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./ring.scenario.ts");

it("a ring passes all in order and leaves nobody asleep, in all orders of accesses", async () => {
  const { oneSlot, twoSlots, leaves } = await plays<Plays>("ring");
  assertHolds(explore(oneSlot, { preemptions: 2, mostSteps: 20_000 }));
  assertHolds(explore(twoSlots, { preemptions: 2, mostSteps: 20_000 }));
  assertHolds(explore(leaves, { preemptions: 2, mostSteps: 20_000 }));
});

const DEFECTS: readonly (readonly [what: string, module: string, from: string, to: string])[] = [
  [
    "a slot is written after it was told",
    "concurrent/rings/ring-producer",
    "type.rawStore(this.memory, this.byteOffsetAt(0), checked);\n        this.advance(1);",
    "const at = this.byteOffsetAt(0); this.advance(1); this.flush(); type.rawStore(this.memory, at, checked);",
  ],
  [
    "nobody wakes a sleeper",
    "concurrent/rings/ring-moves",
    "this.memory.parking.notify(this.word, Number.POSITIVE_INFINITY);\n    }\n}",
    "}\n}",
  ],
  [
    "a sleeper does not look once more",
    "concurrent/waiting",
    "something before.\n        if (waiter.look())\n            return true;",
    "something before.",
  ],
  [
    "a role is left before all was told",
    "concurrent/rings/ring-end",
    "this.flush();\n        this.#role.leave();",
    "this.#role.leave();\n        this.flush();",
  ],
  [
    "room is counted one too many",
    "concurrent/rings/ring-producer",
    "this.capacity - this.mostBehind()",
    "this.capacity + 1 - this.mostBehind()",
  ],
];
for (const [what, module, from, to] of DEFECTS) {
  it(`an exploration of a ring finds that ${what}`, async () => {
    const { oneSlot, leaves } = await plays<Plays>("ring", [{ module, from, to }]);
    assertFails(explore(what.includes("role") ? leaves : oneSlot, { preemptions: 2, mostSteps: 20_000 }));
  });
}
