import { describe, it } from "node:test";
import { assertHolds, type Bounds, explore, exploreRandomly } from "./explorer.ts";
import { defects, plays } from "./plays.ts";

type Plays = typeof import("./transactions.scenario.ts");
const { moving, looking, changing, inheriting } = await plays<Plays>("transactions");

describe("transactions, in all orders of accesses", () => {
  it("lose nothing that another moves, and wait for nobody in a circle", () => assertHolds(explore(moving, { preemptions: 1 })));

  it("see what others change all before or all after", () => assertHolds(explore(looking, { preemptions: 1 })));

  it("are there wholly or not at all when who makes them dies at any step", () => {
    for (const play of [moving, changing, inheriting]) assertHolds(explore(play, { preemptions: 0, deaths: 1 }));
  });

  it("are so too when who ends them for a dead one dies", () =>
    assertHolds(exploreRandomly(inheriting, { schedules: 1000, seed: 6, deaths: 2 })));
});

describe("an exploration of transactions finds", () => {
  const fails = defects<Plays>("transactions", "collections/tables", { preemptions: 1 });
  const death: Bounds = { preemptions: 0, deaths: 1 };

  it("that a commit counts before its logs are whole", () =>
    fails(
      "records/commit",
      "const id = (i32[word] + 1) | 0;",
      "const id = (i32[word] + 1) | 0; Atomics.store(i32, word, id);",
      "moving",
      death,
    ));

  it("that slots are changed before the commit counts", () =>
    fails(
      "records/commit",
      "Atomics.store(i32, word, id);",
      "for (const { shard, changes } of parts) for (const { hash, oldRef, newRef } of changes) change(store, shard, hash, oldRef, newRef); Atomics.store(i32, word, id);",
      "changing",
      death,
    ));

  it("that whoever comes to a shard of the dead does not end its commit", () =>
    fails("records/repair", "endCommit(store, shard);", "", "moving", death));

  it("that what has not counted is ended as if it had", () =>
    fails("records/commit", "!== i32[at + LOG_ID])", "!== i32[at + LOG_ID] && false)", "changing", death));

  it("that a shard is not held that was only looked at", () =>
    fails(
      "records/changes",
      "const shard = this.#held.hold(this.#store.shardOf(hash));",
      "const shard = this.#store.wordOf(this.#store.shardOf(hash));",
      "looking",
    ));

  it("that who holds a shard waits for one before it", () =>
    fails("records/held-shards", "if (shardNumber > this.#last) {", "if (true) {", "moving"));
});
