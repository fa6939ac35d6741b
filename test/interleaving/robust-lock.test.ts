import { describe, it } from "node:test";
import { assertFails, assertHolds, explore, exploreRandomly } from "./explorer.ts";
import { plays } from "./plays.ts";

type Plays = typeof import("./robust-lock.scenario.ts");
const { two, three, tries } = await plays<Plays>("robust-lock");

describe("a robust lock, in all orders of accesses", () => {
  it("is held by one at a time, and leaves nobody asleep", () => {
    assertHolds(explore(two, { preemptions: 3 }));
    assertHolds(explore(three, { preemptions: 2 }));
  });

  it("is inherited from who dies at any step, by who waits or tries", () => {
    assertHolds(explore(tries, { preemptions: 1, deaths: 1 }));
    assertHolds(explore(two, { preemptions: 1, deaths: 1 }));
  });

  it("holds in random orders too, with deaths", () => {
    assertHolds(exploreRandomly(three, { schedules: 1500, seed: 1, deaths: 2 }));
  });
});

describe("an exploration of a robust lock finds", () => {
  const module = "core/robust-lock";
  const find = (what: string, from: string, to: string, play: keyof Plays, deaths = 0) =>
    it(what, async () => {
      assertFails(explore((await plays<Plays>("robust-lock", [{ module, from, to }]))[play], { preemptions: 2, deaths }));
    });

  find("that a release wakes nobody", "if ((found & CONTENDED) !== 0)", "if (false)", "two");
  find("that who was woken forgets the others", "slept ? token | CONTENDED : token", "token", "three");
  find(
    "that the lock is taken without looking",
    'if (Atomics.compareExchange(this.#memory.i32, this.#word, OPEN, token) === OPEN)\n            return "clean";\n        const { i32 }',
    'if (Atomics.load(this.#memory.i32, this.#word) === OPEN && Atomics.store(this.#memory.i32, this.#word, token) === token)\n            return "clean";\n        const { i32 }',
    "two",
  );
  find(
    "that a living holder counts as gone",
    "(holder === wait.suspect || isLate) && holder !== HANDED_OVER && this.#seats.isGone(holder)",
    "holder !== HANDED_OVER",
    "two",
  );
  find("that an inherited lock counts as clean", 'return isHandedOver ? "clean" : "inherited"', 'return "clean"', "tries", 1);
});
