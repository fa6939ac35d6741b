import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { attachQueue, queue, queueByteLength } from "../../../src/concurrent/index.ts";
import { f64, MemoryError, privateMemory, sharedMemory, struct, u32 } from "../../../src/index.ts";
import { HOMES } from "../../conformance/homes.ts";
import { countSteps, diesAt, interruptedAt } from "../../interleaving/steps.ts";

const throwsCode =
  (code: string, pattern = /./) =>
  (error: unknown) =>
    error instanceof MemoryError && error.code === code && pattern.test(error.message);

const make = (capacity: number, seats = 8) =>
  queue(privateMemory(queueByteLength(u32, { capacity, seats })), u32, { capacity, seats });

/** Not of the seats: one of these tests makes a queue anew under one that has sat down. */
const checkQueueOf = (numbers: ReturnType<typeof make>) => numbers.checkInvariants().filter((line) => !line.startsWith("seat"));

describe("a queue", () => {
  it("holds as many values as it says, from 1 on, first in first out, round after round", () => {
    for (const capacity of [1, 2, 3, 4, 7]) {
      const numbers = make(capacity);
      for (let round = 0; round < 5; round++) {
        for (let value = 0; value < capacity; value++) assert.equal(numbers.push(value), true);
        assert.equal(numbers.length, capacity);
        assert.equal(numbers.push(9), false);
        assert.deepEqual(numbers.checkInvariants(), []);
        for (let value = 0; value < capacity; value++) assert.equal(numbers.pop(), value);
        assert.equal(numbers.pop(), undefined);
        assert.equal(numbers.length, 0);
        numbers.push(1);
        assert.equal(numbers.pop(), 1);
      }
      assert.deepEqual(numbers.checkInvariants(), []);
    }
  });

  it("follows WebAssembly memory that grows", () => {
    const home = HOMES.find(({ title }) => title === "unshared WebAssembly memory");
    assert.ok(home);
    using memory = home.create(65_536, 1 << 20);
    const numbers = queue(memory, u32, { capacity: 10 });
    numbers.push(1);
    memory.grow(1 << 18);
    assert.equal(numbers.push(2), true);
    assert.deepEqual([numbers.pop(), numbers.pop(), numbers.pop()], [1, 2, undefined]);
  });

  it("takes and gives many at once, as many as fit and are there", () => {
    const numbers = make(5);
    assert.equal(numbers.pushMany([1, 2, 3]), 3);
    assert.equal(numbers.pushMany(Uint32Array.of(4, 5, 6)), 2);
    assert.equal(numbers.pushMany([7]), 0);
    assert.deepEqual(numbers.checkInvariants(), []);
    const taken = new Uint32Array(3);
    assert.equal(numbers.popInto(taken), 3);
    assert.deepEqual([...taken], [1, 2, 3]);
    assert.throws(() => numbers.pushMany([7, -1]), throwsCode("bad-value", /\[1\]/));
    assert.equal(numbers.length, 2);
    const rest: number[] = new Array(4);
    assert.equal(numbers.popInto(rest), 2);
    assert.deepEqual(rest.slice(0, 2), [4, 5]);
    assert.equal(numbers.popInto(taken), 0);
    assert.equal(numbers.pushMany([]), 0);
    assert.deepEqual(numbers.checkInvariants(), []);
    numbers.end();
    assert.throws(() => numbers.pushMany([1]), throwsCode("closed", /ended/));
    numbers.close();
    assert.throws(() => numbers.popInto(taken), throwsCode("closed"));
  });

  it("makes room by force, and returns what had to go", () => {
    const numbers = make(2);
    assert.deepEqual(numbers.forcePush(1), []);
    assert.deepEqual(numbers.forcePush(2), []);
    assert.deepEqual(numbers.forcePush(3), [1]);
    assert.deepEqual(numbers.forcePush(4), [2]);
    assert.deepEqual([numbers.pop(), numbers.pop(), numbers.pop()], [3, 4, undefined]);
    assert.deepEqual(numbers.checkInvariants(), []);
    const one = make(1);
    one.push(1);
    assert.deepEqual(one.forcePush(2), [1]);
    assert.equal(one.pop(), 2);
  });

  it("goes on when its positions and laps go round", () => {
    for (const capacity of [1, 3, 4]) {
      const memory = privateMemory(queueByteLength(u32, { capacity, seats: 2 }));
      const numbers = queue(memory, u32, { capacity, seats: 2 });
      const laps = capacity === 1 ? -6 : -24;
      // Eight laps of the tail before 32 bits are over, states in the lap of the tail.
      memory.i32[128 / 4] = laps;
      memory.i32[256 / 4] = laps;
      const lap = (laps >>> (capacity === 1 ? 0 : 2)) & (2 ** 18 - 1);
      for (let slot = 0; slot < capacity; slot++) memory.i32[(512 + 3 * 64) / 4 + slot] = lap;
      assert.deepEqual(numbers.checkInvariants(), []);
      for (let value = 0; value < 100; value++) {
        assert.equal(numbers.push(value), true);
        assert.equal(numbers.length, 1);
        assert.equal(numbers.pop(), value);
      }
      assert.deepEqual(numbers.checkInvariants(), []);
    }
  });

  it("finds its ends when one comes back that has done nothing for as long as positions take to go round", () => {
    for (const capacity of [2, 4, 100]) {
      const memory = privateMemory(queueByteLength(u32, { capacity, seats: 2 }));
      const numbers = queue(memory, u32, { capacity, seats: 2 });
      for (let value = 0; value <= capacity; value++) {
        numbers.push(value);
        numbers.pop();
      }
      const late = numbers;
      // 2^32 positions later, and none: what it knows of the ends is ahead of them now.
      queue(memory, u32, { capacity, seats: 2 });
      for (let value = 0; value < 3 * capacity; value++) {
        assert.equal(late.push(value), true);
        assert.equal(late.length, 1);
        assert.equal(late.pop(), value);
        assert.equal(late.pop(), undefined);
        assert.deepEqual(checkQueueOf(late), []);
      }
    }
  });

  it("refuses what makes no queue, no value and no place", () => {
    const memory = sharedMemory(8192);
    for (const capacity of [0, -1, 1.5, 2 ** 24 + 1]) {
      assert.throws(() => queue(memory, u32, { capacity }), throwsCode("invalid-argument", /capacity=/));
    }
    assert.throws(() => queue(memory, u32, { capacity: 5, seats: 0 }), throwsCode("invalid-argument", /seats=0/));
    assert.throws(() => queue(memory, u32, { capacity: 5000 }), throwsCode("out-of-bounds"));
    assert.throws(() => attachQueue(memory, u32), throwsCode("corrupt"));
    const numbers = queue(memory, u32, { capacity: 5, seats: 1 });
    assert.throws(() => attachQueue(memory, f64), throwsCode("layout-mismatch"));
    assert.throws(() => attachQueue(memory, u32), throwsCode("out-of-memory", /seat/));
    assert.throws(() => numbers.push(-1), throwsCode("bad-value"));
    assert.equal(numbers.length, 0);
    numbers.close();
    numbers.close();
    assert.throws(() => numbers.push(1), throwsCode("closed"));
    assert.throws(() => numbers.pop(), throwsCode("closed"));
    assert.throws(() => numbers.length, throwsCode("closed"));
    assert.equal(attachQueue(memory, u32).push(1), true);
  });

  it("wakes who waits for a value and for room", async () => {
    const memory = sharedMemory(queueByteLength(u32, { capacity: 1 }));
    const numbers = queue(memory, u32, { capacity: 1 });
    const other = attachQueue(memory, u32);
    assert.equal(numbers.popWait({ timeoutMs: 1 }), undefined);
    const popping = numbers.popAsync();
    await new Promise((resolve) => setTimeout(resolve, 5));
    other.push(1);
    assert.equal(await popping, 1);
    assert.equal(numbers.pushWait(2), true);
    assert.equal(numbers.pushWait(3, { timeoutMs: 1 }), false);
    const pushing = numbers.pushAsync(3);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(other.popWait(), 2);
    assert.equal(await pushing, true);
  });
});

describe("a queue that is ended", () => {
  it("gives what is left, refuses more, and wakes who waits", async () => {
    const memory = sharedMemory(queueByteLength(u32, { capacity: 2 }));
    const numbers = queue(memory, u32, { capacity: 2 });
    const other = attachQueue(memory, u32);
    const seen: number[] = [];
    const all = (async () => {
      for await (const value of other) seen.push(value);
    })();
    for (const value of [1, 2, 3, 4]) await numbers.pushAsync(value);
    numbers.end();
    await all;
    assert.deepEqual(seen, [1, 2, 3, 4]);
    assert.equal(other.isEnded, true);
    assert.equal(other.popWait(), undefined);
    assert.throws(() => other.push(5), throwsCode("closed", /ended/));
    assert.throws(() => other.forcePush(5), throwsCode("closed", /ended/));
    assert.throws(() => numbers.pushWait(5), throwsCode("closed", /ended/));
    numbers.end();
    numbers.close();
    assert.throws(() => numbers.end(), throwsCode("closed"));
  });

  it("ends a loop over values by a signal, and keeps what that has not given", async () => {
    const numbers = queue(u32, { capacity: 4 });
    for (const value of [1, 2, 3]) numbers.push(value);
    const controller = new AbortController();
    const { signal } = controller;
    const seen: number[] = [];
    const loop = async (last: number): Promise<void> => {
      for await (const value of numbers.values({ signal, ref: false })) {
        seen.push(value);
        if (value === last) controller.abort(new Error("enough"));
      }
    };
    await assert.rejects(loop(2), /enough/);
    await assert.rejects(loop(3), /enough/);
    assert.deepEqual(seen, [1, 2]);
    assert.equal(numbers.pop(), 3);
    const waiting = new AbortController();
    const next = numbers.values({ signal: waiting.signal }).next();
    waiting.abort(new Error("late enough"));
    await assert.rejects(next, /late enough/);
  });

  it("tells who waits for room", async () => {
    const numbers = make(1);
    numbers.push(1);
    const pushing = numbers.pushAsync(2);
    numbers.end();
    await assert.rejects(pushing, throwsCode("closed", /ended/));
    assert.equal(numbers.pop(), 1);
  });
});

describe("random programs of a queue", () => {
  const STEP = fc.record({
    kind: fc.constantFrom("push" as const, "pop" as const, "force" as const, "many" as const, "into" as const),
    who: fc.nat(2),
  });
  for (const home of HOMES) {
    it(`do what a list does, in ${home.title}`, () => {
      using memory = home.create(8192);
      const Pair = struct("Pair", { a: u32, b: f64 });
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 6 }), fc.array(STEP, { maxLength: 80 }), (capacity, steps) => {
          const first = queue(memory, Pair, { capacity, seats: 3 });
          const all = [first, attachQueue(memory, Pair), attachQueue(memory, Pair)];
          const model: { a: number; b: number }[] = [];
          for (const [number, { kind, who }] of steps.entries()) {
            const value = { a: number, b: number / 2 };
            if (kind === "pop") assert.deepEqual(all[who].pop(), model.shift());
            else if (kind === "push") {
              assert.equal(all[who].push(value), model.length < capacity);
              if (model.length < capacity) model.push(value);
            } else if (kind === "many") {
              const values = [value, { a: number, b: -1 }, { a: number, b: -2 }].slice(0, capacity - model.length);
              assert.equal(all[who].pushMany([value, { a: number, b: -1 }, { a: number, b: -2 }]), values.length);
              model.push(...values);
            } else if (kind === "into") {
              const target: { a: number; b: number }[] = new Array(2);
              const count = all[who].popInto(target);
              assert.deepEqual(target.slice(0, count), model.splice(0, 2));
            } else {
              assert.deepEqual(all[who].forcePush(value), model.length < capacity ? [] : [model.shift()]);
              model.push(value);
            }
            assert.equal(first.length, model.length);
            assert.deepEqual(first.checkInvariants(), []);
          }
          for (const one of all) one.close();
        }),
        { numRuns: 60 },
      );
    });
  }
});

describe("a queue under deaths and interruptions", () => {
  const CAPACITY = 3;
  type Numbers = ReturnType<typeof make>;
  const works: Readonly<Record<string, (numbers: Numbers) => number[]>> = {
    push: (numbers) => {
      numbers.push(100);
      return [];
    },
    pop: (numbers) => [numbers.pop()].filter((value) => value !== undefined),
    forcePush: (numbers) => numbers.forcePush(100),
  };
  /** Of which one that dies may lose more than one. */
  const manyWorks: typeof works = {
    pushMany: (numbers) => {
      numbers.pushMany([100, 100]);
      return [];
    },
    popInto: (numbers) => {
      const target = new Uint32Array(2);
      return [...target.subarray(0, numbers.popInto(target))];
    },
  };

  for (const [title, work] of Object.entries({ ...works, ...manyWorks })) {
    const most = title in manyWorks ? 2 : 1;
    for (const filled of [0, 1, CAPACITY]) {
      it(`loses at most what it was at and stops nobody when one dies at any step of ${title} with ${filled} values`, () => {
        for (let last = 0; ; last++) {
          const memory = privateMemory(queueByteLength(u32, { capacity: CAPACITY, seats: 3 }));
          const dead = new Set<number>();
          const isAlive = (identity: number) => !dead.has(identity);
          const first = queue(memory, u32, { capacity: CAPACITY, seats: 3, identity: 1, isAlive });
          for (let value = 1; value <= filled; value++) first.push(value);
          const dying = attachQueue(memory, u32, { identity: 2 });
          const died = diesAt(last, () => work(dying));
          dead.add(2);
          const rescued = first.recover();
          const seen: number[] = [];
          for (let value = first.pop(); value !== undefined; value = first.pop()) seen.push(value);
          const expected = Array.from({ length: filled }, (_, at) => at + 1);
          const kept = [...rescued, ...seen.filter((value) => value !== 100)];
          // Nothing is gone but what the dead had taken.
          assert.ok(expected.length - kept.length <= most, `at step ${last}: ${kept}`);
          assert.deepEqual(kept, expected.slice(expected.length - kept.length));
          assert.deepEqual(first.checkInvariants(), [], `at step ${last}`);
          for (let value = 0; value < CAPACITY; value++) assert.equal(first.push(value), true);
          assert.equal(first.push(9), false);
          if (!died) break;
        }
      });
    }
  }

  it("gives every value to one, in order, when others come in between at any step", () => {
    for (const [title, work] of Object.entries({ ...works, ...manyWorks })) {
      // One that is in the middle of it never goes on here, and forcePush would wait for it.
      for (const otherTitle of ["push", "pop"]) {
        const other = works[otherTitle];
        for (const filled of [0, 1, 2, CAPACITY]) {
          const stage = () => {
            const memory = privateMemory(queueByteLength(u32, { capacity: CAPACITY, seats: 3 }));
            const first = queue(memory, u32, { capacity: CAPACITY, seats: 3 });
            for (let value = 1; value <= filled; value++) first.push(value);
            return [first, attachQueue(memory, u32)];
          };
          const steps = countSteps(() => work(stage()[0]));
          for (let at = 0; at < steps; at++) {
            const [one, two] = stage();
            const others: number[] = [];
            const mine = interruptedAt(
              at,
              () => work(one),
              () => others.push(...other(two), ...other(two)),
            );
            assert.deepEqual(one.checkInvariants(), [], `${title} interrupted by ${otherTitle} at ${at} with ${filled}`);
            const left: number[] = [];
            for (let value = one.pop(); value !== undefined; value = one.pop()) left.push(value);
            const all = [...mine, ...others, ...left].filter((value) => value !== 100);
            assert.deepEqual(
              all.sort(),
              Array.from({ length: filled }, (_, place) => place + 1),
              `${title} by ${otherTitle} at ${at}`,
            );
            assert.deepEqual(
              [...left].filter((value) => value !== 100),
              left.filter((value) => value !== 100).sort(),
            );
          }
        }
      }
    }
  });
});
