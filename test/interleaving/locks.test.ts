import { describe, it } from "node:test";
import { assertFails, assertHolds, type Bounds, explore } from "./explorer.ts";
import type { Patch } from "./modules.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./locks.scenario.ts");
const all = await plays<Plays>("locks");

const HOLDS: readonly (readonly [play: keyof Plays, bounds: Bounds])[] = [
  ["readAndWrite", { preemptions: 3 }],
  ["readReadWrite", { preemptions: 2 }],
  ["writeWriteRead", { preemptions: 2 }],
  ["tryToWrite", { preemptions: 2 }],
  ["readAndWrite", { preemptions: 2, deaths: 1 }],
  ["writeWriteRead", { preemptions: 1, deaths: 1 }],
  ["onePermit", { preemptions: 3 }],
  ["twoPermits", { preemptions: 2 }],
  ["twoPermits", { preemptions: 1, deaths: 1 }],
  ["producerAndConsumers", { preemptions: 2 }],
  ["onlyOnce", { preemptions: 2 }],
  ["onlyOnce", { preemptions: 1, deaths: 1 }],
  ["rounds", { preemptions: 3 }],
  ["givesUp", { preemptions: 4 }],
  ["sequenceRead", { preemptions: 3 }],
  ["sequenceWrites", { preemptions: 2 }],
  ["sequenceWrites", { preemptions: 1, deaths: 1 }],
];

describe("locks, in all orders of accesses", () => {
  for (const [play, bounds] of HOLDS) {
    it(`hold: ${play}, ${JSON.stringify(bounds)}`, () => assertHolds(explore(all[play], bounds)));
  }
});

const DEFECTS: readonly (readonly [what: string, play: keyof Plays, patch: Patch, deaths?: number])[] = [
  [
    "a writer does not look for readers",
    "readAndWrite",
    { module: "concurrent/locks/rw-lock", from: "if (token === 0)\n                continue;", to: "continue;" },
  ],
  [
    "a reader does not look for a writer",
    "readAndWrite",
    { module: "concurrent/locks/rw-lock", from: "if (Atomics.load(memory.i32, this.#base) === 0)", to: "if (true)" },
  ],
  [
    "a reader that leaves wakes no writer",
    "readAndWrite",
    { module: "concurrent/locks/rw-lock", from: "this.#left.raise();", to: "" },
  ],
  [
    "half a change of a dead writer stays",
    "readAndWrite",
    { module: "concurrent/locks/rw-lock", from: 'acquired === "clean" ||', to: "true ||" },
    1,
  ],
  [
    "a dead reader keeps writers out",
    "readAndWrite",
    { module: "concurrent/locks/rw-lock", from: "!seats.isGone(tokenIn(token))", to: "true" },
    1,
  ],
  [
    "a permit is taken by two",
    "onePermit",
    {
      module: "concurrent/locks/semaphore",
      from: "Atomics.compareExchange(i32, word, token, seats.token) !== token",
      to: "Atomics.store(i32, word, seats.token) === token",
    },
  ],
  [
    "a permit comes back unheard",
    "onePermit",
    {
      module: "concurrent/locks/semaphore",
      from: "PERMITS + permit, 0);\n        this.#released.raise();",
      to: "PERMITS + permit, 0);",
    },
  ],
  [
    "the permit of one that died is lost",
    "twoPermits",
    { module: "concurrent/locks/semaphore", from: "asks && seats.isGone(tokenIn(token))", to: "false" },
    1,
  ],
  [
    "who waits for a condition listens too late",
    "producerAndConsumers",
    { module: "concurrent/locks/condition", from: "this.#signal.wait(seen,", to: "this.#signal.wait(this.#signal.listen()," },
  ],
  [
    "a condition notifies nobody",
    "producerAndConsumers",
    { module: "concurrent/locks/condition", from: "this.#signal.raiseOne();", to: "" },
  ],
  [
    "a condition wakes none but sees to it that others are not woken",
    "producerAndConsumers",
    { module: "concurrent/signal", from: "this.memory.parking.notify(this.#word, 1);", to: "" },
  ],
  [
    "work is done again after it was done",
    "onlyOnce",
    {
      module: "concurrent/locks/once",
      from: "if (this.isDone)\n                return false;\n            work();",
      to: "work();",
    },
  ],
  [
    "one who comes to a barrier is not counted",
    "rounds",
    {
      module: "concurrent/locks/barrier",
      from: "Atomics.compareExchange(i32, this.#word, before, after) !== before",
      to: "Atomics.store(i32, this.#word, after) !== after",
    },
  ],
  [
    "the last who comes to a barrier wakes nobody",
    "rounds",
    { module: "concurrent/locks/barrier", from: "this.#signal.raise();\n            return undefined;", to: "return undefined;" },
  ],
  [
    "a barrier breaks after all have come",
    "givesUp",
    { module: "concurrent/locks/barrier", from: "(before & BROKEN) !== 0 || (before & PHASE_MASK) !== phase", to: "false" },
  ],
  [
    "a reader does not look whether the sequence changed",
    "sequenceRead",
    {
      module: "concurrent/locks/seqlock",
      from: "if (this.#isStill(before))\n                    return result;",
      to: "return result;",
    },
  ],
  [
    "a reader begins while somebody writes",
    "sequenceRead",
    { module: "concurrent/locks/seqlock", from: "(before & 1) !== 0", to: "false" },
  ],
];
describe("an exploration of locks finds that", () => {
  for (const [what, play, patch, deaths = 0] of DEFECTS) {
    it(what, async () => assertFails(explore((await plays<Plays>("locks", [patch]))[play], { preemptions: 2, deaths })));
  }
});
