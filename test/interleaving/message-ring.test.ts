import { it } from "node:test";
import { assertFails, assertHolds, explore, exploreRandomly } from "./explorer.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./message-ring.scenario.ts");

it("a message ring loses and doubles nothing, in all orders of accesses", async () => {
  const { twoWrite, oneAborts, oneIsRevoked } = await plays<Plays>("message-ring");
  assertHolds(explore(twoWrite, { preemptions: 1 }));
  assertHolds(exploreRandomly(oneAborts, { schedules: 300, seed: 2 }));
  assertHolds(explore(oneIsRevoked, { preemptions: 1 }));
  assertHolds(exploreRandomly(twoWrite, { schedules: 300, seed: 1 }));
  assertHolds(exploreRandomly(oneIsRevoked, { schedules: 300, seed: 1 }));
});

it("a message ring goes on when a producer dies at any step", async () => {
  const { twoWrite } = await plays<Plays>("message-ring");
  assertHolds(explore(twoWrite, { preemptions: 0, deaths: 1, mortals: [0, 1] }));
  assertHolds(exploreRandomly(twoWrite, { schedules: 300, seed: 5, deaths: 2, mortals: [0, 1] }));
});

it("a message ring of one producer passes all, with sleeps on both sides, in all orders of accesses, and when the producer dies", async () => {
  const { alone } = await plays<Plays>("message-ring");
  assertHolds(explore(alone, { preemptions: 1, mostSteps: 20_000 }));
  assertHolds(explore(alone, { preemptions: 0, deaths: 1, mortals: [0], mostSteps: 20_000 }));
  assertHolds(exploreRandomly(alone, { schedules: 200, seed: 9, deaths: 1, mortals: [0], mostSteps: 20_000 }));
});

it("several messages at once are all there or none, with nobody's in between, in all orders of accesses, and when their producer dies", async () => {
  const { oneBatches, aBatchIsRevoked, aloneAtOnce } = await plays<Plays>("message-ring");
  assertHolds(explore(oneBatches, { preemptions: 1 }));
  assertHolds(explore(aBatchIsRevoked, { preemptions: 1 }));
  assertHolds(explore(oneBatches, { preemptions: 0, deaths: 1, mortals: [0, 1] }));
  assertHolds(exploreRandomly(oneBatches, { schedules: 300, seed: 4, deaths: 2, mortals: [0, 1] }));
  assertHolds(explore(aloneAtOnce, { preemptions: 1, mostSteps: 20_000 }));
  assertHolds(explore(aloneAtOnce, { preemptions: 0, deaths: 1, mortals: [0], mostSteps: 20_000 }));
  assertHolds(exploreRandomly(aloneAtOnce, { schedules: 200, seed: 8, deaths: 1, mortals: [0], mostSteps: 20_000 }));
});

type Defect = readonly [what: string, module: string, from: string, to: string];

it("another takes the part of a lone producer that died at any step, while the consumer reads", async () => {
  const { aloneIsReplaced } = await plays<Plays>("message-ring");
  assertHolds(explore(aloneIsReplaced, { preemptions: 2, deaths: 1, mortals: [0] }));
});

it("an exploration of a message ring finds that who takes the part of one that died stops at what was read meanwhile", async () => {
  const { aloneIsReplaced } = await plays<Plays>("message-ring", [
    {
      module: "concurrent/messages/message-granules",
      from: "if (room <= 0 || state === freeAt(this.#tail, plan)) {",
      to: "if (room <= 0 || (state & KIND_MASK) === FREE) {",
    },
  ]);
  assertFails(explore(aloneIsReplaced, { preemptions: 2, deaths: 1, mortals: [0] }));
});

const ALONE: readonly Defect[] = [
  [
    "a message is told before it is written",
    "concurrent/messages/message-producer",
    "this.#bytes.u8.set(bytes, this.#granules.byteOffsetAt(position));",
    "this.#granules.commit(position, granules, granules, committed(byteLength, granules)); this.#bytes.u8.set(bytes, this.#granules.byteOffsetAt(position)); return true;",
  ],
  [
    "messages that were not read are written over",
    "concurrent/messages/message-granules",
    "if (!this.#hasRoom(this.#tail, padding + granules))\n            return NO_ROOM;",
    "",
  ],
  [
    "room is not told of",
    "concurrent/messages/message-consumer",
    "Atomics.store(i32, plan.head, upTo);\n        this.#room.raise();",
    "Atomics.store(i32, plan.head, upTo);",
  ],
];
const AT_ONCE: readonly Defect[] = [
  [
    "the first of several messages is there before the others",
    "concurrent/messages/message-batch",
    "this.#first = state;",
    "{ this.#first = state; this.#granules.place(this.#position + used, state); }",
  ],
  [
    "what one that died has placed of several messages is left",
    "concurrent/messages/message-granules",
    "if (!isFirst)\n                    this.#clear(this.#tail, room);",
    "",
  ],
];
for (const [defects, name] of [
  [ALONE, "alone"],
  [AT_ONCE, "aloneAtOnce"],
] as const) {
  for (const [what, module, from, to] of defects) {
    it(`an exploration of a message ring of one producer finds that ${what}`, async () => {
      const play = (await plays<Plays>("message-ring", [{ module, from, to }]))[name];
      const dying = what.includes("died") ? { deaths: 1, mortals: [0] } : {};
      assertFails(explore(play, { preemptions: 1, mostSteps: 20_000, ...dying }));
    });
  }
}

const DEFECTS: readonly Defect[] = [
  [
    "a claim is a store, not a compare-and-swap",
    "concurrent/messages/message-granules",
    "const found = Atomics.compareExchange(i32, plan.states + index, free, wanted);",
    "const found = Atomics.load(i32, plan.states + index); if (found === free) Atomics.store(i32, plan.states + index, wanted);",
  ],
  [
    "a commit does not look whether it was revoked",
    "concurrent/messages/message-granules",
    "if (Atomics.compareExchange(i32, at, mine, first) !== mine) {",
    "if (Atomics.exchange(i32, at, first) < 0) {",
  ],
  [
    "what one that died has claimed stays in the way",
    "concurrent/messages/message-repair",
    "kind === CLAIMED || kind === REVOKED",
    "kind === REVOKED",
  ],
  [
    "a head passes the tail of one that died",
    "concurrent/messages/message-consumer",
    "if (((upTo - tail) | 0) > 0)",
    "if (upTo === tail)",
  ],
];
for (const [what, module, from, to] of DEFECTS) {
  it(`an exploration of a message ring finds that ${what}`, async () => {
    const { twoWrite, oneIsRevoked } = await plays<Plays>("message-ring", [{ module, from, to }]);
    const play = what.includes("revoked") ? oneIsRevoked : twoWrite;
    const dying = what.includes("died") ? { deaths: 1, mortals: [0] } : {};
    const all = explore(play, { preemptions: 1, ...dying });
    assertFails(all.failure === undefined ? exploreRandomly(play, { schedules: 3000, seed: 3, ...dying }) : all);
  });
}
