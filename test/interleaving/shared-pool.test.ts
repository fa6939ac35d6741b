import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attachSharedPool, type SharedPool, sharedPool, sharedPoolByteLength } from "../../src/concurrent/index.ts";
import { BUSY, planSharedPool, RETIRED, SEAT_BYTES, SEATS } from "../../src/concurrent/pools/shared-pool-layout.ts";
import { SEAT_MASK } from "../../src/core/seat-token.ts";
import { SEAT_OWN_WORDS } from "../../src/core/seats.ts";
import { attachSharedBump, type Handle, type Memory, NO_HANDLE, privateMemory, sharedBump, struct, u32 } from "../../src/index.ts";
import { assertFails, assertHolds, type Bounds, explore } from "./explorer.ts";
import { plays } from "./plays.ts";
import { countSteps, diesAt, interruptedAt } from "./steps.ts";

type Plays = typeof import("./shared-pool.scenario.ts");

const Job = struct("Job", { number: u32 });
type Jobs = SharedPool<typeof Job>;
type JobHandle = Handle<typeof Job>;

const CAPACITY = 200;

/** A pool with a first participant that stays, and others that may die. */
class Stage implements Disposable {
  readonly memory: Memory;
  readonly dead = new Set<number>();
  readonly first: Jobs;
  readonly #grows: boolean;
  #identity = 1;

  /** One that grows begins with three slots. */
  constructor(grows = false) {
    this.#grows = grows;
    this.memory = privateMemory(grows ? 16_384 : sharedPoolByteLength(Job, { capacity: CAPACITY, seats: 4 }));
    const capacity = grows ? { capacity: 3, maxCapacity: CAPACITY, allocator: sharedBump(this.memory) } : { capacity: CAPACITY };
    this.first = sharedPool(this.memory, Job, { ...capacity, seats: 4, ...this.#participant(1) });
  }

  join(): Jobs {
    this.#identity += 1;
    const allocator = this.#grows ? { allocator: attachSharedBump(this.memory) } : {};
    const { byteOffset } = this.first;
    return attachSharedPool(this.memory, Job, { byteOffset, ...allocator, ...this.#participant(this.#identity) });
  }

  #participant(identity: number) {
    return { identity, isAlive: (asked: number) => !this.dead.has(asked) };
  }

  /** Everybody but the first has died. */
  killOthers(): void {
    for (let identity = 2; identity <= this.#identity; identity++) this.dead.add(identity);
  }

  /** After a recovery: every slot but those of live records can be given out, once. */
  checkAllThere(kept: ReadonlyMap<JobHandle, number>): void {
    assert.deepEqual(this.first.checkInvariants(), []);
    for (const [handle, number] of kept) assert.equal(this.first.get(handle).number, number);
    const live = new Set(this.first.handles());
    const fresh = new Set<JobHandle>();
    for (let handle = this.first.tryAdd(); handle !== NO_HANDLE; handle = this.first.tryAdd()) fresh.add(handle);
    assert.equal(live.size + fresh.size, CAPACITY, "slots are lost, or were handed out twice");
    assert.equal(new Set([...this.first.handles()]).size, CAPACITY);
    for (const handle of fresh) assert.ok(!live.has(handle));
    for (const [handle, number] of kept) assert.equal(this.first.get(handle).number, number);
    assert.deepEqual(this.first.checkInvariants(), []);
  }

  [Symbol.dispose](): void {
    this.memory.close();
  }
}

function isIdle({ i32 }: Memory, jobs: Jobs): boolean {
  const seat = jobs.token & SEAT_MASK;
  return i32[(SEATS + SEAT_BYTES * (seat - 1)) / 4 + SEAT_OWN_WORDS + BUSY] === 0;
}

/** What a participant that may die does. */
const LIVES: Readonly<Record<string, (stage: Stage, jobs: Jobs) => void>> = {
  "adds and removes": (_, jobs) => {
    const mine = [1, 2, 3].map((number) => jobs.add({ number }));
    jobs.remove(mine[1]);
    jobs.add({ number: 4 });
  },
  "fetches several batches and gives them back": (_, jobs) => {
    const mine: JobHandle[] = [];
    for (let number = 0; number < 130; number++) mine.push(jobs.add({ number }));
    for (const handle of mine) jobs.remove(handle);
    jobs.add();
  },
  "removes what another has added": (stage, jobs) => {
    for (const handle of [...stage.first.handles()].slice(3)) jobs.tryRemove(handle);
  },
  "holds guards": (stage, jobs) => {
    const [handle] = stage.first.handles();
    const guard = jobs.guard(handle);
    const second = jobs.guard(handle);
    guard.release();
    jobs.read(handle);
    second.release();
  },
  "recovers another": (stage, jobs) => {
    const other = stage.join();
    for (let number = 0; number < 10; number++) other.remove(other.add());
    jobs.recover([other.token]);
    jobs.add();
  },
  leaves: (_, jobs) => {
    for (let number = 0; number < 100; number++) jobs.add({ number });
    for (const handle of [...jobs.handles()].slice(50)) jobs.tryRemove(handle);
    jobs.close();
  },
};

describe("a shared pool", () => {
  for (const grows of [false, true]) {
    for (const [title, life] of Object.entries(LIVES)) {
      it(`loses nothing and hands out nothing twice when a participant that ${title} dies at any step${grows ? ", and it grows" : ""}`, () => {
        const run = (last: number): boolean => {
          using stage = new Stage(grows);
          const kept = new Map<JobHandle, number>();
          for (let number = 0; number < 5; number++) kept.set(stage.first.add({ number }), number);
          if (title.startsWith("removes")) for (const handle of [...kept.keys()].slice(3)) kept.delete(handle);
          const jobs = stage.join();
          const died = diesAt(last, () => life(stage, jobs));
          if (title.startsWith("leaves") || title.startsWith("fetches")) kept.clear();
          stage.killOthers();
          stage.first.recover();
          stage.checkAllThere(kept);
          return died;
        };
        let last = 0;
        // Every step of short lives; of long ones every seventh, which with 64 to a batch meets all places in the end.
        while (run(last)) last += last < 150 ? 1 : 7;
        assert.ok(last > 5);
      });
    }
  }

  it("is recovered by whoever comes next when who recovers dies, at any step", () => {
    const run = (last: number): boolean => {
      using stage = new Stage();
      const jobs = stage.join();
      for (let number = 0; number < 20; number++) jobs.remove(jobs.add());
      const medic = stage.join();
      stage.dead.add(2);
      const died = diesAt(last, () => medic.recover());
      stage.killOthers();
      stage.first.recover();
      stage.checkAllThere(new Map());
      return died;
    };
    for (let last = 0; run(last); last += last < 60 ? 1 : 11);
  });

  it("gives a seat whose holder has died to who comes next, with all that it held", () => {
    using stage = new Stage();
    for (let round = 0; round < 20; round++) {
      const jobs = stage.join();
      for (let number = 0; number < 10; number++) jobs.remove(jobs.add());
      stage.killOthers();
    }
    stage.first.recover();
    stage.checkAllThere(new Map());
  });

  it("tells whose records lost their owner, whoever has recovered them, and lets one participant adopt each", () => {
    using stage = new Stage();
    const jobs = stage.join();
    const mine = [1, 2, 3].map((number) => jobs.add({ number }));
    stage.killOthers();
    const medic = stage.join();
    stage.dead.delete(3);
    // Where no room is left the dead are recovered without anybody asking.
    while (stage.first.tryAdd() !== NO_HANDLE);
    assert.deepEqual([...stage.first.orphans()].sort(), mine.toSorted());
    assert.equal(medic.adopt(mine[0]), true);
    assert.equal(stage.first.adopt(mine[0]), false);
    assert.equal(stage.first.adopt(stage.first.handles().next().value as JobHandle), false);
    medic.remove(mine[1]);
    assert.deepEqual([...medic.orphans()], [mine[2]]);
    medic.close();
    assert.deepEqual([...stage.first.orphans()], [mine[2]], "who leaves in good order leaves no orphans");
    assert.equal(stage.first.get(mine[0]).number, 1);
    assert.deepEqual(stage.first.checkInvariants(), []);
  });

  it("never gives a handle again: a slot whose generations are spent is retired, whoever removes its record", () => {
    using stage = new Stage();
    const jobs = stage.join();
    const first = stage.first.add();
    const slot = first % 2 ** 25;
    const last = 2 ** 23 - 1;
    const at = planSharedPool(Job, { capacity: CAPACITY, maxCapacity: CAPACITY, seats: 4 }).block / 4 + slot;
    stage.memory.i32[at] = ((last - 2) << 8) | (stage.memory.i32[at] & 255);
    const given = new Set<number>();
    for (let round = 0; round < 300; round++) {
      for (const handle of stage.first.handles()) jobs.remove(handle);
      const handle = jobs.add();
      assert.ok(!given.has(handle), "a handle came back");
      given.add(handle);
    }
    assert.equal(stage.memory.i32[at], RETIRED);
    assert.throws(() => stage.first.get(first), { code: "stale-handle" });
    assert.deepEqual(stage.first.checkInvariants(), []);
  });

  it("stays whole when another participant comes in between at any step", () => {
    const others: Readonly<Record<string, (jobs: Jobs, seen: JobHandle[]) => void>> = {
      adds: (jobs, seen) => seen.push(jobs.add({ number: 77 })),
      "adds and removes many": (jobs) => {
        const mine = Array.from({ length: 80 }, () => jobs.tryAdd()).filter((handle) => handle !== NO_HANDLE);
        for (const handle of mine) jobs.remove(handle);
      },
      "removes all": (jobs, seen) => {
        for (const handle of jobs.handles()) jobs.tryRemove(handle);
        seen.length = 0;
      },
      recovers: (jobs) => void jobs.recover(),
    };
    for (const [title, other] of Object.entries(others)) {
      const work = (jobs: Jobs, given: JobHandle[]) => {
        for (let number = 0; number < 70; number++) given.push(jobs.add({ number }));
        for (const handle of given.splice(0, 68)) jobs.tryRemove(handle);
      };
      using counting = new Stage();
      const steps = countSteps(() => work(counting.join(), []));
      for (let at = 0; at < steps; at += title === "recovers" ? 13 : 3) {
        using stage = new Stage();
        const [one, two] = [stage.join(), stage.join()];
        const given: JobHandle[] = [];
        const seen: JobHandle[] = [];
        interruptedAt(
          at,
          () => work(one, given),
          () => {
            // Who recovers waits for who is busy, which here could not go on.
            if (title !== "recovers" || isIdle(stage.memory, one)) other(two, seen);
          },
        );
        assert.deepEqual(stage.first.checkInvariants(), [], `${title} at step ${at}`);
        assert.deepEqual(one.checkInvariants(), []);
        assert.deepEqual(two.checkInvariants(), []);
        const live = new Set(stage.first.handles());
        assert.ok(seen.every((handle) => live.has(handle)));
        if (title !== "removes all") assert.equal(live.size, given.length + seen.length);
        one.close();
        two.close();
        stage.checkAllThere(new Map());
      }
    }
  });

  it("keeps the bytes of a guarded record while others remove it and add what they can", () => {
    using stage = new Stage();
    const jobs = stage.join();
    const handle = stage.first.add({ number: 42 });
    const guard = jobs.guard(handle);
    stage.first.remove(handle);
    assert.equal(jobs.has(handle), false);
    assert.equal(jobs.tryGuard(handle), undefined);
    const added: JobHandle[] = [];
    for (let more = stage.first.tryAdd({ number: 1 }); more !== NO_HANDLE; more = stage.first.tryAdd({ number: 1 }))
      added.push(more);
    assert.equal(added.length, CAPACITY - 1);
    assert.equal(guard.view.number, 42);
    guard.release();
    guard.release();
    assert.notEqual(stage.first.tryAdd({ number: 2 }), NO_HANDLE);
    assert.equal(guard.view.number, 2);
  });
});

const { growth, found } = await plays<Plays>("shared-pool");

describe("a shared pool that grows, in all orders of accesses", () => {
  it("hands out each slot once, whoever takes a block in between", () =>
    assertHolds(explore(growth, { preemptions: 1, mostSteps: 4000 })));

  it("shows its blocks to others", () => assertHolds(explore(found, { preemptions: 1, mostSteps: 4000 })));

  it("loses no slot and no record, whoever dies at any step", () =>
    assertHolds(explore(growth, { preemptions: 0, deaths: 1, mostSteps: 4000 })));
});

describe("an exploration of a shared pool that grows finds", () => {
  const module = "concurrent/pools/shared-blocks";
  const fails = async (patches: readonly (readonly [string, string])[], bounds: Bounds = { preemptions: 1 }) => {
    const patched = await plays<Plays>(
      "shared-pool",
      patches.map(([from, to]) => ({ module, from, to })),
    );
    assertFails(explore(patched.growth, { mostSteps: 4000, ...bounds }));
  };

  it("that a block is put over another's", () =>
    fails([
      [
        "if (Atomics.compareExchange(u32, this.#base + BLOCKS + block, 0, ptr / LINE) !== 0)",
        "if (Atomics.store(u32, this.#base + BLOCKS + block, ptr / LINE) === 0)",
      ],
    ]));

  it("that a block is published before it is whole", () =>
    fails([
      ["u8.fill(0, ptr, ptr + length * 4);", ""],
      ["return this.#look();", "u8.fill(0, ptr, ptr + length * 4); return this.#look();"],
    ]));

  it("that slots which were never used are dealt out twice", () =>
    fails([
      [
        "if (Atomics.compareExchange(i32, this.#base + FRESH, fresh, end === this.#first ? this.#span : end) !== fresh)",
        "if (Atomics.store(i32, this.#base + FRESH, end === this.#first ? this.#span : end) < 0)",
      ],
    ]));

  it("that who recovers looks at the first block alone", () =>
    fails(
      [["for (let slot = this.#span; slot < fresh && this.isThere(slot); slot++)", "for (let slot = this.#span; false; slot++)"]],
      { preemptions: 0, deaths: 1 },
    ));
});
