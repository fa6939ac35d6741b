import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  barrier,
  condition,
  type Holdable,
  mutex,
  once,
  type Roster,
  roster,
  rosterByteLength,
  rwLock,
  rwLockByteLength,
  semaphore,
  semaphoreByteLength,
  seqlock,
} from "../../../src/concurrent/index.ts";
import { type Memory, privateMemory, sharedMemory } from "../../../src/index.ts";
import { HOMES } from "../../conformance/homes.ts";

const SEATS = 4;
const LOCK = rosterByteLength(SEATS) + 64 - (rosterByteLength(SEATS) % 64);
const SECOND = LOCK + Math.max(rwLockByteLength(SEATS), semaphoreByteLength(64));
const BYTES = SECOND + 256;
const dead = new Set<number>();

function join(memory: Memory, identity: number): Roster {
  dead.delete(identity);
  return roster(memory, { seats: SEATS, identity, isAlive: (asked) => !dead.has(asked) });
}

/** Two participants, with a handle of what is tested each. */
function pair<Handle>(
  memory: Memory,
  make: (here: Roster) => Handle,
): { readonly handles: readonly [Handle, Handle]; readonly rosters: readonly Roster[] } {
  const rosters = [join(memory, 1), join(memory, 2)];
  return { handles: [make(rosters[0]), make(rosters[1])], rosters };
}

/** Everything that can be held by one at a time, with how to close it. */
const KINDS: Readonly<
  Record<string, (here: Roster, repair?: () => void) => { readonly lock: Holdable; close(): void; readonly names: boolean }>
> = {
  mutex(here, repair) {
    const lock = mutex(here, { byteOffset: LOCK, timeoutMs: 20, ...(repair && { repair }) });
    return { lock, close: () => lock.close(), names: true };
  },
  "the writing side of a reader-writer lock"(here, repair) {
    const lock = rwLock(here, { byteOffset: LOCK, timeoutMs: 20, ...(repair && { repair }) });
    return { lock: lock.write, close: () => lock.close(), names: true };
  },
  "semaphore of one permit"(here) {
    const lock = semaphore(here, { byteOffset: LOCK, permits: 1, timeoutMs: 20 });
    return { lock, close: () => lock.close(), names: false };
  },
};

for (const [kind, make] of Object.entries(KINDS)) {
  for (const home of HOMES) {
    describe(`${kind} in ${home.title}`, () => {
      it("is one participant's at a time, blocking, trying, with a timeout, and by using", async () => {
        using memory = home.create(BYTES);
        const { handles } = pair(memory, (here) => make(here).lock);
        const [one, two] = handles;
        {
          using held = one.hold();
          assert.equal(held.isReleased, false);
          assert.equal(two.tryAcquire(), false);
          assert.equal(two.tryHold(), undefined);
          assert.throws(() => two.acquire(), { code: "locked", message: /heldBy=1/ });
          assert.throws(() => two.hold({ timeoutMs: 1 }), { code: "locked", message: /timeoutMs=1/ });
          await assert.rejects(two.acquireAsync(), { code: "locked" });
          await assert.rejects(two.holdAsync({ timeoutMs: 1 }), { code: "locked" });
          for (const timeoutMs of [Number.NaN, -1]) {
            assert.throws(() => two.acquire({ timeoutMs }), { code: "invalid-argument", message: /cannot wait for such a time/ });
            await assert.rejects(two.acquireAsync({ timeoutMs }), { code: "invalid-argument" });
          }
        }
        using held = two.tryHold();
        assert.equal(held?.isReleased, false);
        held?.release();
        held?.release();
        assert.equal(held?.isReleased, true);
        assert.throws(() => two.release(), { code: "invalid-argument" });
        one.acquire();
        assert.throws(() => two.release(), { code: "invalid-argument" });
        one.release();
      });

      it("goes from one piece of work to the next without holding the thread", async () => {
        using memory = home.create(BYTES);
        const { handles } = pair(memory, (here) => make(here).lock);
        let inside = 0;
        const work = async (lock: Holdable): Promise<void> => {
          for (let round = 0; round < 5; round++) {
            using _ = await lock.holdAsync({ timeoutMs: 60_000 });
            assert.equal(inside++, 0);
            await new Promise((resolve) => setTimeout(resolve, round % 2));
            inside--;
          }
        };
        await Promise.all([...handles, ...handles].map(work));
      });

      it("lets go of a wait that is aborted, and nobody else", async () => {
        using memory = home.create(BYTES);
        const { handles } = pair(memory, (here) => make(here).lock);
        const [one, two] = handles;
        const reason = new Error("enough");
        one.acquire();
        await assert.rejects(two.acquireAsync({ signal: AbortSignal.abort(reason) }), reason);
        const aborting = new AbortController();
        const aborted = two.acquireAsync({ signal: aborting.signal, timeoutMs: 60_000 });
        const other = two.acquireAsync({ timeoutMs: 60_000 });
        setTimeout(() => aborting.abort(reason), 3);
        await assert.rejects(aborted, reason);
        one.release();
        await other;
        two.release();
      });

      it("is closed for all: who waits is told, and who comes", async () => {
        using memory = home.create(BYTES);
        const { handles } = pair(memory, (here) => make(here));
        const [one, two] = handles;
        one.lock.acquire();
        const waiting = two.lock.acquireAsync({ timeoutMs: 60_000 });
        await new Promise((resolve) => setTimeout(resolve, 5));
        one.close();
        one.close();
        await assert.rejects(waiting, { code: "closed" });
        for (const { lock } of handles) {
          assert.throws(() => lock.acquire(), { code: "closed" });
          assert.throws(() => lock.tryAcquire(), { code: "closed" });
          await assert.rejects(lock.acquireAsync(), { code: "closed" });
        }
      });
    });
  }

  it(`${kind} tells who would wait for itself`, () => {
    using memory = privateMemory(BYTES);
    const { lock } = make(join(memory, 1));
    lock.acquire();
    assert.throws(() => lock.acquire(), { code: "invalid-argument", message: /its own holder|wait for itself/ });
    lock.release();
    lock.acquire();
  });

  it(`${kind} is taken over from who died`, async () => {
    for (const how of ["acquire", "tryAcquire", "acquireAsync"] as const) {
      using memory = privateMemory(BYTES);
      let repairs = 0;
      const { handles, rosters } = pair(memory, (here) => make(here, () => repairs++).lock);
      handles[0].acquire();
      dead.add(1);
      assert.notEqual(await handles[1][how](), false);
      assert.equal(repairs, kind.startsWith("semaphore") ? 0 : 1);
      handles[1].release();
      handles[1].acquire();
      assert.equal(rosters[1].recover(), 1);
      assert.equal(rosters[1].recover(), 0);
    }
  });

  it(`${kind} is taken over from who left its roster, or was buried`, () => {
    using memory = privateMemory(BYTES);
    const { handles, rosters } = pair(memory, (here) => make(here, () => {}).lock);
    handles[0].acquire();
    rosters[0].close();
    handles[1].acquire();
    assert.throws(() => handles[0].acquire(), { code: "closed" });
    handles[1].release();
    const third = join(memory, 3);
    const { lock } = make(third, () => {});
    lock.acquire();
    assert.equal(rosters[1].bury(third.token), true);
    handles[1].acquire();
  });
}

describe("what a dead holder has left half changed", () => {
  it("is refused where nobody can repair it, again and again, and by readers too", () => {
    using memory = privateMemory(BYTES);
    const { handles } = pair(memory, (here) => rwLock(here, { byteOffset: LOCK }));
    handles[0].write.acquire();
    dead.add(1);
    for (const side of [handles[1].write, handles[1].read, handles[1].write]) {
      assert.throws(() => side.acquire(), { code: "participant-lost", message: /repair/ });
    }
    const third = rwLock(join(memory, 3), { byteOffset: LOCK, repair: () => {} });
    third.read.acquire();
    third.read.release();
    handles[1].read.acquire();
  });

  it("is repaired by the next when a repair throws", () => {
    using memory = privateMemory(BYTES);
    let repairs = 0;
    const repair = (): void => {
      if (repairs++ === 0) throw new Error("no");
    };
    const { handles } = pair(memory, (here) => mutex(here, { byteOffset: LOCK, repair }));
    handles[0].acquire();
    dead.add(1);
    assert.throws(() => handles[1].acquire(), /no/);
    handles[1].acquire();
    assert.equal(repairs, 2);
  });

  it("is nothing where it died before it wrote, or while it read", () => {
    using memory = privateMemory(BYTES);
    const { handles } = pair(memory, (here) => rwLock(here, { byteOffset: LOCK, timeoutMs: 20 }));
    handles[0].read.acquire();
    assert.throws(() => handles[1].write.acquire(), { code: "locked", message: /is read by .*heldBy=1, identity=1/ });
    assert.equal(handles[1].write.tryAcquire(), false);
    dead.add(1);
    handles[1].write.acquire();
    assert.deepEqual(handles[1].readers(), []);
  });
});

describe("a reader-writer lock", () => {
  it("has many readers, of one thread too, or one writer", async () => {
    using memory = sharedMemory(BYTES);
    const { handles, rosters } = pair(memory, (here) => rwLock(here, { byteOffset: LOCK, timeoutMs: 20 }));
    const [one, two] = handles;
    one.read.acquire();
    one.read.acquire();
    two.read.acquire();
    assert.deepEqual(one.readers(), [1, 2]);
    assert.equal(two.write.tryAcquire(), false);
    assert.throws(() => one.write.acquire(), { code: "invalid-argument", message: /wait for itself/ });
    one.read.release();
    two.read.release();
    assert.equal(two.write.tryAcquire(), false);
    const waiting = two.write.acquireAsync({ timeoutMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 3));
    assert.equal(one.writer, 2);
    assert.throws(() => rwLock(rosters[0], { byteOffset: LOCK }).read.acquire(), {
      code: "invalid-argument",
      message: /another handle/,
    });
    one.read.release();
    await waiting;
    assert.throws(() => one.read.acquire(), { code: "locked", message: /heldBy=2/ });
  });

  it("tells of releases without a hold", () => {
    using memory = privateMemory(BYTES);
    const lock = rwLock(join(memory, 1), { byteOffset: LOCK });
    assert.throws(() => lock.read.release(), { code: "invalid-argument", message: /does not read/ });
    assert.throws(() => lock.write.release(), { code: "invalid-argument", message: /does not hold it/ });
    lock.write.acquire();
    assert.throws(() => lock.read.acquire(), { code: "invalid-argument" });
    assert.deepEqual(lock.checkInvariants(), []);
    lock[Symbol.dispose]();
    lock.read.acquire();
    lock[Symbol.dispose]();
    assert.equal(lock.write.tryAcquire(), true);
    memory.i32[LOCK / 4] = 0;
    assert.equal(lock.checkInvariants().length, 1);
  });
});

describe("a semaphore", () => {
  it("counts permits, which come back however their holder ends", () => {
    using memory = privateMemory(BYTES);
    const { handles } = pair(memory, (here) => semaphore(here, { byteOffset: LOCK, permits: 3, timeoutMs: 20 }));
    const [one, two] = handles;
    one.acquire();
    one.acquire();
    two.acquire();
    assert.deepEqual([one.available, one.held, two.held], [0, 2, 1]);
    assert.throws(() => two.acquire(), { code: "locked", message: /permits=3/ });
    dead.add(1);
    two.acquire();
    two.acquire();
    assert.equal(two.held, 3);
    assert.deepEqual(two.checkInvariants(), []);
    assert.equal(one.checkInvariants().length, 2);
    two[Symbol.dispose]();
    assert.equal(two.available, 3);
  });

  it("is refused with no permits, or places that cannot be", () => {
    using memory = privateMemory(BYTES);
    const here = join(memory, 1);
    for (const permits of [0, -1, 1.5, 65_537]) {
      assert.throws(() => semaphore(here, { byteOffset: LOCK, permits }), { code: "invalid-argument" });
    }
    assert.throws(() => semaphore(here, { byteOffset: LOCK, permits: 10_000 }), { code: "out-of-bounds" });
    for (const make of [mutex, rwLock, once, seqlock]) {
      for (const byteOffset of [-64, 32, Number.NaN]) assert.throws(() => make(here, { byteOffset }), { code: "invalid-argument" });
      assert.throws(() => make(here, { byteOffset: 1024 * 1024 }), { code: "out-of-bounds" });
    }
  });
});

describe("a condition", () => {
  it("is waited for by many, without holding the thread", async () => {
    using memory = sharedMemory(BYTES);
    const { handles } = pair(memory, (here) => {
      const lock = mutex(here, { byteOffset: LOCK, timeoutMs: 60_000 });
      return { lock, filled: condition(lock, { byteOffset: SECOND }) };
    });
    const [one, two] = handles;
    const COUNT = SECOND / 4 + 16;
    const take = async (): Promise<void> => {
      using _ = await two.lock.holdAsync();
      assert.equal(await two.filled.waitUntilAsync(() => memory.i32[COUNT] > 0), true);
      memory.i32[COUNT] -= 1;
    };
    const takers = [take(), take(), take()];
    for (let round = 0; round < 3; round++) {
      using _ = await one.lock.holdAsync();
      memory.i32[COUNT] += 1;
      if (round === 1) one.filled.notifyAll();
      else one.filled.notify();
    }
    await Promise.all(takers);
    assert.equal(memory.i32[COUNT], 0);
  });

  it("ends by its time, by an abort with the mutex held, and is refused without it", async () => {
    using memory = sharedMemory(BYTES);
    const lock = mutex(join(memory, 1), { byteOffset: LOCK });
    const never = condition(lock, { byteOffset: SECOND });
    assert.throws(() => never.waitUntil(() => true), { code: "invalid-argument", message: /without its mutex/ });
    lock.acquire();
    assert.equal(
      never.waitUntil(() => false, { timeoutMs: 3 }),
      false,
    );
    assert.equal(await never.waitUntilAsync(() => false, { timeoutMs: 3 }), false);
    const aborting = new AbortController();
    setTimeout(() => aborting.abort(new Error("enough")), 3);
    await assert.rejects(
      never.waitUntilAsync(() => false, { signal: aborting.signal }),
      /enough/,
    );
    assert.equal(lock.isHeld, true);
  });
});

describe("once", () => {
  it("does its work once, and again only when it failed or its worker died", async () => {
    using memory = sharedMemory(BYTES);
    const { handles } = pair(memory, (here) => once(here, { byteOffset: LOCK, timeoutMs: 60_000 }));
    const [one, two] = handles;
    assert.throws(() =>
      one.run(() => {
        throw new Error("failed");
      }),
    );
    assert.equal(one.isDone, false);
    let runs = 0;
    const work = async (): Promise<void> => {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 3));
    };
    assert.deepEqual(await Promise.all([one.runAsync(work), two.runAsync(work), two.runAsync(work)]), [true, false, false]);
    assert.equal(runs, 1);
    assert.equal(
      two.run(() => assert.fail()),
      false,
    );
    assert.equal(two.isDone, true);
  });
});

describe("a barrier", () => {
  it("lets all go when the last has come, round after round", async () => {
    using memory = sharedMemory(BYTES);
    const gate = barrier(memory, { byteOffset: LOCK, parties: 3 });
    for (let round = 0; round < 5; round++) {
      const waits = [gate.waitAsync(), gate.waitAsync()];
      await new Promise((resolve) => setTimeout(resolve, 1));
      assert.equal(gate.arrived, 2);
      assert.equal(gate.wait(), true);
      assert.deepEqual(await Promise.all(waits), [false, false]);
    }
    assert.equal(gate.arrived, 0);
  });

  it("breaks for all when one gives up, until it is reset", async () => {
    using memory = sharedMemory(BYTES);
    const gate = barrier(memory, { byteOffset: LOCK, parties: 3 });
    const waiting = gate.waitAsync({ timeoutMs: 60_000 });
    assert.throws(() => gate.wait({ timeoutMs: 2 }), { code: "locked", message: /arrived=2, parties=3, timeoutMs=2/ });
    await assert.rejects(waiting, { code: "participant-lost", message: /has given up/ });
    assert.equal(gate.isBroken, true);
    assert.throws(() => gate.wait(), { code: "participant-lost" });
    gate.reset();
    const aborting = new AbortController();
    const aborted = gate.waitAsync({ signal: aborting.signal });
    const other = gate.waitAsync();
    aborting.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/);
    await assert.rejects(other, { code: "participant-lost" });
    for (const parties of [0, 1.5, 40_000])
      assert.throws(() => barrier(memory, { byteOffset: LOCK, parties }), { code: "invalid-argument" });
  });
});

describe("a seqlock", () => {
  it("reads what was written at once, and looks again when something came in between", () => {
    using memory = privateMemory(BYTES);
    const { handles } = pair(memory, (here) => seqlock(here, { byteOffset: LOCK, timeoutMs: 20 }));
    const [one, two] = handles;
    const AT = SECOND / 8;
    one.write(() => {
      memory.f64[AT] = 1;
      memory.f64[AT + 1] = 2;
    });
    let looks = 0;
    const sum = two.read(() => {
      if (looks++ === 0) one.write(() => memory.f64.fill(5, AT, AT + 2));
      return memory.f64[AT] + memory.f64[AT + 1];
    });
    assert.equal(sum, 10);
    assert.equal(looks, 2);
    looks = 0;
    assert.equal(
      two.read(() => {
        if (looks++ > 0) return looks;
        one.write(() => memory.f64.fill(6, AT, AT + 2));
        throw new Error("of what was half there");
      }),
      2,
    );
    assert.throws(() => two.read(() => assert.fail("of its own")), /of its own/);
    assert.throws(() => one.write(() => two.read(() => 0)), { code: "locked" });
    assert.deepEqual(one.checkInvariants(), []);
    one.close();
    assert.throws(() => two.write(() => 0), { code: "closed" });
  });

  it("is written and read without holding the thread, with a timeout and an abort", async () => {
    using memory = privateMemory(BYTES);
    const { handles } = pair(memory, (here) => seqlock(here, { byteOffset: LOCK, timeoutMs: 20 }));
    const [one, two] = handles;
    const AT = SECOND / 4;
    assert.equal(await one.writeAsync(() => ++memory.i32[AT]), 1);
    assert.equal(await two.readAsync(() => memory.i32[AT]), 1);
    let waits: Promise<unknown>[] = [];
    one.write(() => {
      waits = [
        assert.rejects(
          two.readAsync(() => 0, { timeoutMs: 1 }),
          { code: "locked" },
        ),
        assert.rejects(
          two.writeAsync(() => 0, { signal: AbortSignal.abort(new Error("enough")) }),
          /enough/,
        ),
        assert.rejects(
          two.writeAsync(() => 0, { timeoutMs: 0 }),
          { code: "locked" },
        ),
      ];
      assert.throws(() => two.write(() => 0, { timeoutMs: 1 }), { code: "locked" });
    });
    await Promise.allSettled(waits);
    assert.equal(await two.writeAsync(() => ++memory.i32[AT]), 2);
  });

  it("is repaired by readers too", () => {
    using memory = privateMemory(BYTES);
    let repairs = 0;
    const { handles } = pair(memory, (here) => seqlock(here, { byteOffset: LOCK, repair: () => void repairs++ }));
    const hung = new Error("as if it had died here");
    assert.throws(() =>
      handles[0].write(() => {
        dead.add(1);
        assert.equal(
          handles[1].read(() => memory.i32[LOCK / 4 + 1]),
          2,
          "the sequence is even again",
        );
        throw hung;
      }),
    );
    assert.equal(repairs, 1);
  });
});

it("a roster is full, recovered, refused where it cannot be, and checks itself", () => {
  using memory = privateMemory(BYTES);
  const all = [1, 2, 3, 4].map((identity) => join(memory, identity));
  assert.deepEqual(
    all.map(({ seat }) => seat),
    [1, 2, 3, 4],
  );
  assert.throws(() => join(memory, 5), { code: "out-of-memory", message: /seats=4/ });
  dead.add(2);
  assert.equal(join(memory, 5).seat, 2);
  assert.deepEqual(all[0].checkInvariants(), []);
  assert.equal(all[1].checkInvariants().length, 2);
  for (const byteOffset of [-64, 8, 1.5]) assert.throws(() => roster(memory, { byteOffset }), { code: "invalid-argument" });
  {
    using three = all[2];
    assert.equal(three.seat, 3);
  }
  assert.equal(all[2].seat, 0);
});
