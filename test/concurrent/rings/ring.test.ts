import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { attachRing, type Consumer, type Producer, type Ring, ring, ringByteLength } from "../../../src/concurrent/index.ts";
import {
  array,
  f64,
  i64,
  type Memory,
  privateMemory,
  sharedMemory,
  struct,
  type Type,
  u8,
  u32,
  utf8,
  type ViewOf,
} from "../../../src/index.ts";
import { composed } from "../../../src/layout/generation.ts";
import { HOMES } from "../../conformance/homes.ts";
import { throwsCode } from "../throws-code.ts";

const Tick = struct("Tick", { price: f64, symbol: utf8(6), sizes: array(u8, 3) });

function small(
  capacity: number,
  flushEvery = 1,
): { ring: Ring<typeof u32>; producer: Producer<typeof u32>; consumer: Consumer<typeof u32> } {
  const made = ring(privateMemory(ringByteLength(u32, { capacity })), u32, { capacity });
  return { ring: made, producer: made.producer({ flushEvery }), consumer: made.consumer({ flushEvery }) };
}

describe("a ring", () => {
  it("uses every slot of any capacity, from 1 on", () => {
    for (const capacity of [1, 2, 3, 5, 7, 8, 100]) {
      const { producer, consumer, ring } = small(capacity);
      for (let round = 0; round < 5; round++) {
        for (let value = 0; value < capacity; value++) assert.equal(producer.push(value), true);
        assert.equal(producer.push(99), false);
        assert.equal(producer.room(), 0);
        assert.equal(consumer.available(), capacity);
        assert.equal(consumer.peek(), 0);
        for (let value = 0; value < capacity; value++) assert.equal(consumer.pop(), value);
        assert.equal(consumer.pop(), undefined);
        assert.equal(consumer.peek(), undefined);
        producer.push(1);
        consumer.pop();
        assert.deepEqual(ring.checkInvariants(), []);
      }
    }
  });

  it("refuses capacities and places that are none", () => {
    const memory = privateMemory(4096);
    for (const capacity of [0, -1, 1.5, Number.NaN, 2 ** 29, Number.POSITIVE_INFINITY]) {
      assert.throws(() => ringByteLength(u32, { capacity }), throwsCode("invalid-argument", /capacity=/));
      assert.throws(() => ring(memory, u32, { capacity }), throwsCode("invalid-argument", /capacity=/));
    }
    assert.throws(() => ring(memory, u32, { capacity: 1000 }), throwsCode("out-of-bounds"));
    for (const byteOffset of [-64, 1, 32, 0.5]) {
      assert.throws(() => ring(memory, u32, { capacity: 10, byteOffset }), throwsCode("invalid-argument", /multiple of 64/));
    }
    const made = ring(memory, u32, { capacity: 10, byteOffset: 128 });
    assert.throws(() => made.producer({ flushEvery: 0 }), throwsCode("invalid-argument", /flushEvery=0/));
    const producer = made.producer();
    assert.throws(() => producer.claim(0), throwsCode("invalid-argument", /count=0/));
    assert.throws(() => producer.claim(1.5), throwsCode("invalid-argument"));
  });

  it("is attached with the type that it was made with, and nowhere else", () => {
    const memory = privateMemory(4096);
    assert.throws(() => attachRing(memory, u32), throwsCode("corrupt", /mark/));
    const producer = ring(memory, u32, { capacity: 10 }).producer();
    producer.push(7);
    assert.throws(() => attachRing(memory, f64), throwsCode("layout-mismatch", /f64/));
    assert.throws(() => attachRing(memory, u32, { byteOffset: 64 }), throwsCode("corrupt"));
    assert.throws(() => attachRing(memory, u32, { byteOffset: 4096 }), throwsCode("out-of-bounds"));
    assert.equal(attachRing(memory, u32).consumer().pop(), 7);
    memory.i32[4] += 1;
    assert.throws(() => attachRing(memory, u32), throwsCode("corrupt", /damaged/));
  });

  it("has one producer and one consumer at a time", () => {
    const { ring, producer, consumer } = small(4);
    assert.throws(() => ring.producer(), throwsCode("locked", /has a producer already/));
    assert.throws(() => ring.consumer(), throwsCode("locked", /has a consumer already/));
    producer.push(1);
    producer.close();
    producer.close();
    const next = ring.producer();
    assert.equal(next.push(2), true);
    assert.equal(consumer.pop(), 1);
    consumer.close();
    assert.equal(ring.consumer().pop(), 2);
    assert.throws(() => producer.push(3), throwsCode("closed"));
    assert.throws(() => consumer.pop(), throwsCode("closed"));
    assert.throws(() => consumer.drain(() => {}), throwsCode("closed"));
    assert.throws(() => consumer.isAbandoned, throwsCode("closed"));
  });

  it("gives the role of a dead one to the next, and tells one that was taken for dead", () => {
    const { ring, producer, consumer } = small(4);
    const old = ring.consumer.bind(ring);
    producer.push(1);
    producer.push(2);
    consumer.pop();
    assert.throws(() => old({ isAlive: () => true }), throwsCode("locked"));
    const next = ring.consumer({ isAlive: () => false });
    assert.equal(next.pop(), 2);
    assert.throws(() => consumer.pop(), throwsCode("participant-lost", /taken? it over|took it over/));
    consumer.close();
    assert.equal(next.pop(), undefined);
    const identity = 77;
    producer.close();
    ring.producer({ identity });
    assert.throws(() => ring.producer({ dead: [76] }), throwsCode("locked", /heldBy=77/));
    assert.equal(ring.producer({ dead: [identity] }).push(5), true);
    assert.equal(next.pop(), 5);
  });

  it("tells when the other side is gone, and keeps what that had pushed", () => {
    const { ring, producer, consumer } = small(4);
    assert.equal(consumer.isAbandoned, false);
    producer.push(3);
    producer.close();
    assert.equal(consumer.isAbandoned, true);
    assert.equal(consumer.pop(), 3);
    const alive = ring.producer({ identity: 5 });
    assert.equal(consumer.isAbandoned, false);
    assert.equal(alive.isAbandoned, false);
    consumer.close();
    assert.equal(alive.isAbandoned, true);
    const watching = ring.consumer({ isAlive: (identity) => identity !== 5 });
    assert.equal(watching.isAbandoned, true);
  });

  it("is not abandoned by one that has not come yet", () => {
    const made = ring(privateMemory(1024), u32, { capacity: 2 });
    assert.equal(made.producer().isAbandoned, false);
  });

  it("refuses values that do not fit, and is unchanged", () => {
    const { producer, consumer } = small(4);
    const wrong: unknown = "3";
    for (const value of [-1, 1.5, 2 ** 32, Number.NaN, wrong as number]) {
      assert.throws(() => producer.push(value), throwsCode("bad-value"));
    }
    assert.throws(() => producer.pushMany([1, -1]), throwsCode("bad-value", /u32\[1\]/));
    assert.equal(consumer.pop(), undefined);
    assert.equal(producer.room(), 4);
  });

  it("tells the other side in batches where it is told to", () => {
    const { producer, consumer } = small(8, 4);
    for (let value = 0; value < 3; value++) producer.push(value);
    assert.equal(consumer.pop(), undefined);
    producer.push(3);
    assert.equal(consumer.available(), 4);
    producer.push(4);
    producer.flush();
    assert.deepEqual(
      [0, 1, 2, 3, 4].map(() => consumer.pop()),
      [0, 1, 2, 3, 4],
    );
    // Nothing is kept back when there is nothing more to do, so nobody waits for the other for ever.
    assert.equal(consumer.pop(), undefined);
    assert.equal(producer.room(), 8);
  });

  it("keeps a drain whole when what it calls throws, closes the ring or the memory", () => {
    const { producer, consumer } = small(4);
    for (let value = 0; value < 4; value++) producer.push(value);
    assert.throws(
      () =>
        consumer.drain((value) => {
          if (value === 1) throw new Error("mine");
        }),
      /mine/,
    );
    assert.equal(producer.room(), 2);
    assert.equal(
      consumer.drain(() => {}, 1),
      1,
    );
    assert.equal(
      consumer.drain(() => consumer.close()),
      1,
    );
    assert.throws(() => consumer.pop(), throwsCode("closed"));
    const memory = privateMemory(1024);
    const other = ring(memory, u32, { capacity: 4 });
    const [end, start] = [other.producer(), other.consumer()];
    end.push(1);
    end.push(2);
    assert.equal(
      start.drain(() => memory.close()),
      1,
    );
    assert.throws(() => start.pop(), throwsCode("closed"));
    assert.throws(() => end.push(1), throwsCode("closed"));
    end.close();
  });

  it("stays whole when a drain pops within itself", () => {
    const { producer, consumer } = small(8);
    for (let value = 0; value < 6; value++) producer.push(value);
    const seen: unknown[] = [];
    consumer.drain((value) => seen.push(value, consumer.pop()));
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
  });

  it("lets chunks be written and read in place, over its end", () => {
    const { producer, consumer } = small(5);
    producer.pushMany([1, 2, 3]);
    consumer.popInto([0, 0, 0]);
    const chunk = producer.claim(4);
    assert.ok(chunk);
    assert.deepEqual(
      chunk.slices().map(({ length }) => length),
      [2, 2],
    );
    for (let index = 0; index < 4; index++) chunk.set(index, 10 + index);
    assert.throws(() => chunk.set(4, 1), throwsCode("out-of-bounds", /index=4, length=4/));
    assert.throws(() => chunk.set(0, -1), throwsCode("bad-value"));
    assert.throws(() => producer.push(1), throwsCode("invalid-argument", /chunk is claimed/));
    assert.throws(() => producer.claim(1), throwsCode("invalid-argument", /chunk is claimed/));
    assert.equal(consumer.pop(), undefined);
    assert.throws(() => chunk.commit(5), throwsCode("invalid-argument", /count=5/));
    chunk.commit(3);
    assert.throws(() => chunk.commit(), throwsCode("invalid-argument", /after it was committed/));
    assert.throws(() => chunk.abort(), throwsCode("invalid-argument"));
    assert.throws(() => chunk.at(0), throwsCode("invalid-argument"));
    assert.equal(producer.claim(3), undefined);
    const read = consumer.claim(3);
    assert.ok(read);
    assert.deepEqual([read.get(0), read.at(1).value, read.get(2)], [10, 11, 12]);
    read.abort();
    assert.equal(consumer.pop(), 10);
    const aborted = producer.claim(1);
    aborted?.abort();
    assert.throws(() => aborted?.commit(), throwsCode("invalid-argument"));
    assert.equal(producer.push(13), true);
    assert.deepEqual([consumer.pop(), consumer.pop(), consumer.pop(), consumer.pop()], [11, 12, 13, undefined]);
  });

  it("lets chunks be gone through as cursors, over its end", () => {
    const memory = sharedMemory(ringByteLength(Tick, { capacity: 3 }));
    const made = ring(memory, Tick, { capacity: 3 });
    const [producer, consumer] = [made.producer(), made.consumer()];
    producer.fill(() => {}, 2);
    consumer.drain(() => {});
    const chunk = producer.claim(3);
    assert.ok(chunk);
    for (let index = 0; index < chunk.length; index++) {
      const tick = chunk.seek(index);
      assert.equal(chunk.seek(index), tick);
      tick.price = index;
      tick.symbol = `s${index}`;
      tick.sizes.set(0, index);
    }
    assert.notEqual(chunk.at(0), chunk.at(0));
    assert.throws(() => chunk.seek(3), throwsCode("out-of-bounds", /index=3, length=3/));
    chunk.commit();
    assert.throws(() => chunk.seek(0), throwsCode("invalid-argument", /after it was committed/));
    const read = consumer.claim(3);
    assert.ok(read);
    assert.deepEqual(
      [...read].map((tick) => tick.symbol),
      ["s2", "s2", "s2"],
    );
    assert.deepEqual(
      Array.from(read, (tick) => [tick.price, tick.symbol, tick.sizes.at(0)]),
      [0, 1, 2].map((at) => [at, `s${at}`, at]),
    );
    read.commit();
    const { producer: numbers } = small(2);
    const two = numbers.claim(2);
    assert.ok(two);
    for (const slot of two) slot.value = 7;
    assert.deepEqual([two.get(0), two.get(1)], [7, 7]);
  });

  it("forgets a chunk whose producer closes without a commit", () => {
    const { ring, producer, consumer } = small(4);
    producer.claim(2)?.set(0, 9);
    producer.close();
    assert.equal(consumer.pop(), undefined);
    assert.equal(ring.producer().push(1), true);
    assert.equal(consumer.pop(), 1);
  });

  it("holds structs, shown in place or copied", () => {
    const memory = sharedMemory(ringByteLength(Tick, { capacity: 3 }));
    const made = ring(memory, Tick, { capacity: 3 });
    const [producer, consumer] = [made.producer(), made.consumer()];
    producer.push({ price: 1.5, symbol: "AAPL", sizes: [1, 2, 3] });
    producer.push({ price: 2.5 });
    producer.pushMany([{ price: 3.5, symbol: "MSFT" }, { price: 4.5 }]);
    assert.equal(producer.push({}), false);
    assert.deepEqual(consumer.pop(), { price: 1.5, symbol: "AAPL", sizes: [1, 2, 3] });
    const seen: unknown[] = [];
    assert.equal(
      consumer.drain((tick) => seen.push(tick.price, tick.symbol)),
      2,
    );
    assert.deepEqual(seen, [2.5, "", 3.5, "MSFT"]);
    const chunk = producer.claim(2);
    assert.throws(() => chunk?.slices(), throwsCode("unsupported"));
    if (chunk) chunk.at(1).symbol = "X";
    chunk?.commit();
    const read = consumer.claim(2);
    assert.equal(read?.at(1).symbol, "X");
    memory.close();
    assert.throws(() => read?.at(1).symbol);
  });

  it("is filled in place, and keeps what was filled when that throws, closes the ring or the memory", () => {
    const memory = sharedMemory(ringByteLength(Tick, { capacity: 4 }));
    const made = ring(memory, Tick, { capacity: 4 });
    const [producer, consumer] = [made.producer(), made.consumer()];
    let at = 0;
    const price = (tick: ViewOf<typeof Tick>) => {
      if (at === 2) throw new Error("enough");
      tick.price = at++;
    };
    assert.throws(() => producer.fill(price), /enough/);
    assert.deepEqual([consumer.pop()?.price, consumer.pop()?.price, consumer.pop()], [0, 1, undefined]);
    producer.fill((tick) => {
      tick.price = 7;
      assert.throws(() => producer.push({}), throwsCode("invalid-argument", /claimed/));
      assert.throws(() => producer.fill(() => {}), throwsCode("invalid-argument", /claimed/));
    }, 1);
    assert.equal(producer.room(), 3);
    assert.equal(
      producer.fill(() => producer.close(), 1),
      1,
    );
    assert.throws(() => producer.fill(() => {}), throwsCode("closed"));
    assert.deepEqual([consumer.pop()?.price, consumer.pop()], [7, undefined]);
    const next = made.producer();
    assert.equal(
      next.fill(() => {}),
      4,
    );
    assert.equal(
      next.fill(() => {}),
      0,
    );
    consumer.drain(() => {});
    next.fill(() => memory.close(), 1);
    assert.throws(() => next.fill(() => {}), throwsCode("closed"));
  });

  it("follows WebAssembly memory that grows", () => {
    const home = HOMES.find(({ title }) => title === "unshared WebAssembly memory");
    assert.ok(home);
    using memory = home.create(65_536, 1 << 20);
    const made = ring(memory, u32, { capacity: 10 });
    const [producer, consumer] = [made.producer(), made.consumer()];
    producer.push(1);
    memory.grow(1 << 18);
    producer.push(2);
    assert.deepEqual([consumer.pop(), consumer.pop(), consumer.pop()], [1, 2, undefined]);
  });
});

/** What a random program does; `left` is what must be there, in order. */
type Step = {
  readonly kind: "push" | "pop" | "peek" | "pushMany" | "popInto" | "drain" | "fill" | "write" | "read" | "reopen";
  readonly count: number;
};
const STEP = fc.record<Step>({
  kind: fc.constantFrom("push", "pop", "peek", "pushMany", "popInto", "drain", "fill", "write", "read", "reopen"),
  count: fc.integer({ min: 1, max: 9 }),
});

type Values = { [index: number]: unknown; readonly length: number };

interface Sample {
  readonly type: Type<unknown, unknown>;
  make(n: number): unknown;
  copy(view: unknown): unknown;
  array(length: number): Values;
}

const same = (value: unknown) => value;

const SAMPLES: Readonly<Record<string, () => Sample>> = {
  u32: () => ({ type: u32, make: (n) => (n * 2_654_435_761) >>> 0, copy: same, array: (length) => new Uint32Array(length) }),
  f64: () => ({ type: f64, make: (n) => n / 3, copy: same, array: (length) => new Float64Array(length) }),
  i64: () => ({ type: i64, make: (n) => BigInt(n) - 5n, copy: same, array: (length) => new Array<bigint>(length).fill(0n) }),
  struct: () => {
    const Pair = struct("Pair", { a: u8, b: u32 });
    return {
      type: Pair,
      make: (n) => ({ a: n & 255, b: n }),
      copy: (view) => Pair.copy(view as ViewOf<typeof Pair>),
      array: (length) => new Array<object>(length),
    };
  },
};

function runProgram(
  { type, make, copy, array }: Sample,
  memory: Memory,
  capacity: number,
  flushEvery: number,
  steps: readonly Step[],
): void {
  const made = ring(memory, type, { capacity, byteOffset: 64 });
  let producer = made.producer({ flushEvery });
  let consumer = made.consumer({ flushEvery });
  const model: unknown[] = [];
  let number = 0;
  for (const { kind, count } of steps) {
    // What the model knows must be told before it is compared.
    producer.flush();
    consumer.flush();
    const room = capacity - model.length;
    if (kind === "push") {
      const value = make(number++);
      assert.equal(producer.push(value), room > 0);
      if (room > 0) model.push(value);
    } else if (kind === "pop") assert.deepEqual(consumer.pop(), model.shift());
    else if (kind === "peek") assert.deepEqual(consumer.peek(), model[0]);
    else if (kind === "pushMany") {
      const values = array(count);
      for (let index = 0; index < count; index++) values[index] = make(number++);
      assert.equal(producer.pushMany(values), Math.min(room, count));
      model.push(...Array.from(values).slice(0, Math.min(room, count)));
    } else if (kind === "popInto") {
      const target = array(count);
      const most = consumer.popInto(target);
      assert.deepEqual(Array.from(target).slice(0, most), model.splice(0, count));
    } else if (kind === "drain") {
      const seen: unknown[] = [];
      consumer.drain((value) => seen.push(copy(value)), count);
      assert.deepEqual(seen, model.splice(0, count));
    } else if (kind === "fill") {
      const filled = producer.fill((slot) => {
        const value = make(number++);
        Object.assign(Object(slot), type.kind === "struct" ? value : { value });
        model.push(value);
      }, count);
      assert.equal(filled, Math.min(room, count));
    } else if (kind === "write") {
      const chunk = producer.claim(count);
      assert.equal(chunk !== undefined, count <= room);
      const kept = chunk === undefined ? 0 : number % (count + 1);
      for (let index = 0; chunk !== undefined && index < count; index++) {
        const value = make(number++);
        chunk.set(index, value);
        if (index < kept) model.push(value);
      }
      chunk?.commit(kept);
    } else if (kind === "read") {
      const chunk = consumer.claim(count);
      assert.equal(chunk !== undefined, count <= model.length);
      for (let index = 0; chunk !== undefined && index < count; index++) assert.deepEqual(chunk.get(index), model[index]);
      if (chunk !== undefined) chunk.commit(1);
      if (chunk !== undefined) model.shift();
    } else {
      producer.close();
      consumer.close();
      const again = attachRing(memory, type, { byteOffset: 64 });
      producer = again.producer({ flushEvery });
      consumer = again.consumer({ flushEvery });
    }
    producer.flush();
    consumer.flush();
    assert.deepEqual(made.checkInvariants(), []);
    assert.equal(consumer.available(), model.length);
    assert.equal(producer.room(), capacity - model.length);
  }
  producer.close();
  consumer.close();
}

describe("random programs of a ring", () => {
  for (const home of HOMES) {
    for (const [title, sample] of Object.entries(SAMPLES)) {
      it(`do what a list does, with ${title} in ${home.title}`, () => {
        using memory = home.create(4096);
        for (const made of [sample(), composed(sample)]) {
          fc.assert(
            fc.property(
              fc.integer({ min: 1, max: 7 }),
              fc.integer({ min: 1, max: 3 }),
              fc.array(STEP, { maxLength: 40 }),
              (capacity, flushEvery, steps) => runProgram(made, memory, capacity, flushEvery, steps),
            ),
            { numRuns: 40 },
          );
        }
      });
    }
  }
});
