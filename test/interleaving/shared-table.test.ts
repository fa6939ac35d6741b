import { describe, it } from "node:test";
import { assertHolds, explore } from "./explorer.ts";
import { defects, plays } from "./plays.ts";

type Plays = typeof import("./shared-table.scenario.ts");
const { replacing, moving, growing, counting, reusing, locating } = await plays<Plays>("shared-table");

describe("a shared hash table, in all orders of accesses", () => {
  it("shows readers an entry as it was before a change or after", () => assertHolds(explore(replacing, { preemptions: 1 })));

  it("shows readers entries that are being moved", () => assertHolds(explore(moving, { preemptions: 2 })));

  it("shows who looks for several at once each as it was before a change or after", () =>
    assertHolds(explore(locating, { preemptions: 2 })));

  it("grows while others read", () => assertHolds(explore(growing, { preemptions: 1 })));

  it("lets nobody's change be lost", () => assertHolds(explore(counting, { preemptions: 1 })));

  it("uses no record again for which somebody looks", () => assertHolds(explore(reusing, { preemptions: 1 })));

  it("is as before or after an operation whose author dies at any step", () => {
    for (const play of [replacing, moving, growing, counting]) assertHolds(explore(play, { preemptions: 0, deaths: 1 }));
  });
});

describe("an exploration of a shared hash table finds", () => {
  const fails = defects<Plays>("shared-table", "collections/tables/records", { preemptions: 1 });

  it("that a reader does not look at the version once more", () =>
    fails("store", "if (Atomics.load(this.memory.i32, shard + VERSION) !== version)\n                continue;", "", "moving"));

  it("that who looks for several at once does not look at the version once more", () =>
    fails("locate-many", "=== versions[at] ? ref : AGAIN", "=== versions[at] ? ref : ref", "locating", { preemptions: 2 }));

  it("that a reader takes the record from the slot once more", () =>
    fails(
      "shard-index",
      "copies ? this.#copies(ref >>> 0) :",
      "copies ? this.#copies(ref >>> 0) && this.#records.copy(i32[slot + 1] >>> 0) :",
      "moving",
      {
        preemptions: 2,
      },
    ));

  it("that an entry is moved without a new version", () =>
    fails(
      "shard-index",
      "this.#publish(first + gap * 2 + 1, i32[first + next * 2 + 1]);\n            this.bump(shard);",
      "this.#publish(first + gap * 2 + 1, i32[first + next * 2 + 1]);",
      "moving",
      { preemptions: 2 },
    ));

  it("that an entry is emptied where it was before it is where it goes", () =>
    fails(
      "shard-index",
      "i32[first + gap * 2] = hash;\n            this.#publish(first + gap * 2 + 1, i32[first + next * 2 + 1]);",
      "const ref = i32[first + next * 2 + 1]; this.#publish(first + next * 2 + 1, 0);\n            i32[first + gap * 2] = hash;\n            this.#publish(first + gap * 2 + 1, ref);",
      "moving",
      { preemptions: 0, deaths: 1 },
    ));

  it("that a record is free before another is in its place", () =>
    fails(
      "store",
      "index.replace(shard, slot, ref);\n            journal.release(shard, old, epoch);",
      "journal.release(shard, old, epoch);\n            index.replace(shard, slot, ref);",
      "replacing",
      { preemptions: 0, deaths: 1 },
    ));

  it("that an index is there before its entries are", () =>
    fails(
      "shard-index",
      "const { i32 } = this.memory;\n        const slots = old === 0 ? 0 : i32[old + CAPACITY];",
      "const { i32 } = this.memory;\n        Atomics.store(i32, shard + INDEX, ref | 0);\n        const slots = old === 0 ? 0 : i32[old + CAPACITY];",
      "growing",
    ));

  it("that writers do not hold their shard", () => fails("store", "lock.acquire()", "lock.tryAcquire()", "counting"));

  it("that what a dead writer was in the middle of is left", () =>
    fails("repair", "while (removeWrongSlot(store, shard))\n        ;", "", "moving", { preemptions: 0, deaths: 1 }));
});
