import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Memory } from "../../src/core/memory.ts";
import { RobustLock } from "../../src/core/robust-lock.ts";
import { Seats, seatsByteLength } from "../../src/core/seats.ts";
import { privateMemory } from "../../src/index.ts";
import { HOMES } from "../conformance/homes.ts";
import { countSteps, diesAt, interruptedAt } from "../interleaving/steps.ts";

const PLACE = { byteOffset: 64, seats: 4 };
const BYTES = 64 + seatsByteLength(PLACE);
const dead = new Set<number>();

interface Party {
  readonly seats: Seats;
  readonly lock: RobustLock;
}

function join(memory: Memory, identity: number): Party {
  dead.delete(identity);
  const seats = new Seats(memory, PLACE, "test", { identity, isAlive: (asked) => !dead.has(asked) });
  seats.sit(() => {});
  return { seats, lock: new RobustLock(seats, 0, "test lock", 20) };
}

for (const home of HOMES) {
  describe(`a robust lock in ${home.title}`, () => {
    it("is held by one at a time, who is named", () => {
      using memory = home.create(BYTES);
      const [one, two] = [1, 2].map((identity) => join(memory, identity));
      assert.equal(one.lock.acquire(), "clean");
      assert.equal(one.lock.isHeld, true);
      assert.equal(two.lock.isHeld, false);
      assert.equal(two.lock.heldBy, 1);
      assert.equal(two.lock.tryAcquire(), undefined);
      assert.throws(() => two.lock.acquire(), { code: "locked", message: /heldBy=1, identity=1, timeoutMs=20/ });
      assert.throws(() => two.lock.release(), { code: "invalid-argument", message: /does not hold it/ });
      one.lock.release();
      assert.throws(() => one.lock.release(), { code: "invalid-argument" });
      assert.equal(two.lock.tryAcquire(), "clean");
      two.lock.release();
      assert.equal(memory.i32[0], 0);
    });

    it("tells who enters it twice", () => {
      using memory = home.create(BYTES);
      const { lock } = join(memory, 1);
      lock.acquire();
      assert.throws(() => lock.acquire(), { code: "invalid-argument", message: /not re-entrant/ });
      assert.throws(() => lock.tryAcquire(), { code: "invalid-argument", message: /not re-entrant/ });
      lock.release();
      assert.equal(lock.acquire(), "clean");
    });

    it("is inherited from a dead holder, whether its seat was recovered or even taken again", () => {
      for (const how of ["acquire", "tryAcquire"] as const) {
        for (const recovered of [false, true]) {
          using memory = home.create(BYTES);
          const [one, two] = [1, 2].map((identity) => join(memory, identity));
          one.lock.acquire();
          dead.add(1);
          if (recovered) {
            two.seats.recover(1, () => {});
            join(memory, 3);
          }
          assert.equal(two.lock[how](), "inherited");
          assert.equal(two.lock.isHeld, true);
          two.lock.release();
          assert.equal(two.lock.acquire(), "clean");
        }
      }
    });
  });
}

it("is inherited again when who inherited it dies, or gives it up", () => {
  using memory = privateMemory(BYTES);
  const [one, two, three] = [1, 2, 3].map((identity) => join(memory, identity));
  one.lock.acquire();
  dead.add(1);
  assert.equal(two.lock.acquire(), "inherited");
  dead.add(2);
  assert.equal(three.lock.acquire(), "inherited");
  three.lock.abandon();
  assert.equal(three.lock.heldBy, 0);
  assert.throws(() => three.lock.abandon(), { code: "invalid-argument" });
  assert.equal(three.lock.acquire(), "inherited");
  three.lock.release();
  assert.equal(three.lock.acquire(), "clean");
});

it("is of no use without a seat", () => {
  using memory = privateMemory(BYTES);
  const { seats, lock } = join(memory, 1);
  seats.leave();
  for (const use of [() => lock.acquire(), () => lock.tryAcquire()]) assert.throws(use, { code: "closed" });
  assert.throws(() => lock.release(), { code: "invalid-argument" });
  assert.equal(lock.isHeld, false);
});

it("goes on whatever step its holder dies at, and tells it when it was held", () => {
  for (let last = 0; ; last++) {
    using memory = privateMemory(BYTES);
    const [one, two] = [1, 2].map((identity) => join(memory, identity));
    let inside = false;
    const died = diesAt(last, () => {
      one.lock.acquire();
      inside = true;
      memory.i32[1] = Atomics.load(memory.i32, 1) + 1;
      one.lock.release();
      inside = false;
    });
    dead.add(1);
    assert.equal(two.lock.acquire(), died && inside ? "inherited" : "clean");
    two.lock.release();
    if (!died) break;
  }
});

it("is not held by two when one comes in between at any step", () => {
  const steps = countSteps(() => {
    const { lock } = join(privateMemory(BYTES), 1);
    lock.acquire();
    lock.release();
  });
  for (let at = 0; at < steps; at++) {
    using memory = privateMemory(BYTES);
    const two = join(memory, 2);
    let held = false;
    interruptedAt(
      at,
      () => {
        const one = join(memory, 1);
        one.lock.acquire();
        held = true;
        Atomics.load(memory.i32, 1);
        held = false;
        one.lock.release();
      },
      () => {
        const acquired = two.lock.tryAcquire();
        assert.ok(!(held && acquired !== undefined));
        if (acquired !== undefined) two.lock.release();
      },
    );
    assert.equal(memory.i32[0], 0);
  }
});
