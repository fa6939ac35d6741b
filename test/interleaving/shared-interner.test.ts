import { describe, it } from "node:test";
import { assertHolds, explore } from "./explorer.ts";
import { defects, plays } from "./plays.ts";

type Plays = typeof import("./shared-interner.scenario.ts");
const { bucket, same, growth, reading } = await plays<Plays>("shared-interner");

describe("a shared interner, in all orders of accesses", () => {
  it("gives one string one id, whoever comes in between", () => assertHolds(explore(same, { preemptions: 1 })));

  it("grows while others intern", () => assertHolds(explore(growth, { preemptions: 1 })));

  it("shows readers whole strings", () => assertHolds(explore(reading, { preemptions: 1 })));

  it("loses nothing that it has returned, whoever dies at any step", () => {
    assertHolds(explore(bucket, { preemptions: 0, deaths: 1 }));
    assertHolds(explore(growth, { preemptions: 0, deaths: 1 }));
  });
});

describe("an exploration of a shared interner finds", () => {
  const fails = defects<Plays>("shared-interner", "collections/strings", { preemptions: 2 });

  it("that a record is put on the list without a look at what came in between", () =>
    fails(
      "sorted-records",
      "Atomics.compareExchange(i32, this.#word, this.#raw, ref) === this.#raw",
      "(Atomics.store(i32, this.#word, ref), true)",
      "same",
    ));

  it("that who finds an id won does not write it into the winner's record", () =>
    fails(
      "dense-ids",
      "Atomics.store(this.#memory.i32, winner * 2 + ID, count + 1);",
      "if (winner === ref) Atomics.store(this.#memory.i32, winner * 2 + ID, count + 1);",
      "bucket",
      { preemptions: 0, deaths: 1 },
    ));

  it("that a record without an id is not asked for it after the count", () =>
    fails(
      "dense-ids",
      "const id = Atomics.load(this.#memory.i32, ref * 2 + ID);\n            if (id !== 0)",
      "const id = 0;\n            if (id !== 0)",
      "same",
    ));

  it("that somebody is told an id before the count has reached it", () =>
    fails("dense-ids", "if (id > count)", "if (false)", "same"));

  it("that searches begin at a bucket that is not on the list yet", () =>
    fails("sorted-records", "(raw !== 0 && (raw & ASIDE) === 0)", "(raw & ~ASIDE) !== 0", "bucket", {
      preemptions: 1,
      deaths: 1,
    }));
});
