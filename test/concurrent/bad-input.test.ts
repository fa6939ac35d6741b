import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  attachBroadcast,
  attachMessageRing,
  attachPipeline,
  attachQueue,
  attachRing,
  broadcast,
  broadcastByteLength,
  messageRing,
  messageRingByteLength,
  pipeline,
  pipelineByteLength,
  queue,
  queueByteLength,
  ring,
  ringByteLength,
} from "../../src/concurrent/index.ts";
import { f32, type Memory, MemoryError, sharedMemory, u32 } from "../../src/index.ts";

/** What must not be given to rings, messages, queues and broadcasts, line by line, and that nothing is changed by it. */
const CAPACITIES = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 53];
const STAGES = { all: [] } as const;

const code =
  (...codes: string[]) =>
  (error: unknown) =>
    error instanceof MemoryError && codes.includes(error.code);

interface Kind {
  byteLength(capacity: number): number;
  make(memory: Memory, capacity: number): unknown;
  attach(memory: Memory): unknown;
  /** With another element type, where there is one. */
  attachOther?(memory: Memory): unknown;
}

const KINDS: Readonly<Record<string, Kind>> = {
  ring: {
    byteLength: (capacity) => ringByteLength(u32, { capacity }),
    make: (memory, capacity) => ring(memory, u32, { capacity }),
    attach: (memory) => attachRing(memory, u32),
    attachOther: (memory) => attachRing(memory, f32),
  },
  pipeline: {
    byteLength: (capacity) => pipelineByteLength(u32, { capacity, stages: STAGES }),
    make: (memory, capacity) => pipeline(memory, u32, { capacity, stages: STAGES }),
    attach: (memory) => attachPipeline(memory, u32, { stages: STAGES }),
    attachOther: (memory) => attachPipeline(memory, f32, { stages: STAGES }),
  },
  queue: {
    byteLength: (capacity) => queueByteLength(u32, { capacity }),
    make: (memory, capacity) => queue(memory, u32, { capacity }),
    attach: (memory) => attachQueue(memory, u32),
    attachOther: (memory) => attachQueue(memory, f32),
  },
  messageRing: {
    byteLength: (byteCapacity) => messageRingByteLength({ byteCapacity }),
    make: (memory, byteCapacity) => messageRing(memory, { byteCapacity }),
    attach: attachMessageRing,
  },
  broadcast: {
    byteLength: (byteCapacity) => broadcastByteLength({ byteCapacity }),
    make: (memory, byteCapacity) => broadcast(memory, { byteCapacity }),
    attach: attachBroadcast,
  },
};

for (const [name, kind] of Object.entries(KINDS)) {
  describe(name, () => {
    it("refuses capacities that are none, and writes nothing", () => {
      const memory = sharedMemory(4096);
      for (const capacity of CAPACITIES) {
        assert.throws(() => kind.byteLength(capacity), code("invalid-argument"), `byte length of ${capacity}`);
        assert.throws(() => kind.make(memory, capacity), code("invalid-argument"), `${capacity}`);
      }
      assert.ok(memory.u8.every((byte) => byte === 0));
    });

    it("refuses to be larger than its memory, and writes nothing", () => {
      const memory = sharedMemory(kind.byteLength(256) - 1);
      assert.throws(() => kind.make(memory, 256), code("out-of-bounds"));
      assert.ok(memory.u8.every((byte) => byte === 0));
    });

    it("is not found in memory of something else, of another type, or of all others here", () => {
      assert.throws(() => kind.attach(sharedMemory(4096)), code("corrupt"));
      const noise = sharedMemory(4096);
      for (let at = 0; at < noise.u8.length; at++) noise.u8[at] = Math.imul(at, 0x9e37_79b1) >>> 13;
      assert.throws(() => kind.attach(noise), code("corrupt", "unsupported-format"));
      const memory = sharedMemory(kind.byteLength(256));
      kind.make(memory, 256);
      if (kind.attachOther !== undefined) assert.throws(() => kind.attachOther?.(memory), code("layout-mismatch"));
      for (const [otherName, other] of Object.entries(KINDS)) {
        // A pipeline of one stage has the bytes of a ring.
        if (otherName === name || (name === "ring" && otherName === "pipeline") || (name === "pipeline" && otherName === "ring"))
          continue;
        assert.throws(() => other.attach(memory), code("corrupt", "unsupported-format"), otherName);
      }
      kind.attach(memory);
    });
  });
}

describe("claims", () => {
  const made = () => {
    const numbers = ring(sharedMemory(ringByteLength(u32, { capacity: 8 })), u32, { capacity: 8 });
    const shape = { byteCapacity: 1024, producers: 2 };
    const messages = messageRing(sharedMemory(messageRingByteLength(shape)), shape);
    const [numbersIn, numbersOut] = [numbers.producer(), numbers.consumer()];
    const [messagesIn, messagesOut] = [messages.producer(), messages.consumer()];
    return { numbers, numbersIn, numbersOut, messages, messagesIn, messagesOut };
  };

  it("end once: no commit after commit or abort, nor an abort", () => {
    const { numbersIn, numbersOut, messagesIn, messagesOut } = made();
    for (const claim of [() => numbersIn.claim(1), () => messagesIn.tryClaim(8)]) {
      for (const first of ["commit", "abort"] as const) {
        for (const second of ["commit", "abort"] as const) {
          const claimed = claim();
          assert.ok(claimed);
          claimed[first]();
          assert.throws(() => claimed[second](), code("invalid-argument"), `${second} after ${first}`);
        }
      }
    }
    // What was committed came, each once.
    assert.equal(numbersOut.available(), 2);
    assert.equal(
      messagesOut.read(() => {}),
      2,
    );
  });

  it("are one at a time, and nothing passes one that is neither committed nor aborted", () => {
    const { numbersIn, numbersOut, messagesIn, messagesOut } = made();
    const chunk = numbersIn.claim(2);
    assert.throws(() => numbersIn.push(1), code("invalid-argument"));
    assert.throws(() => numbersIn.pushMany([1]), code("invalid-argument"));
    assert.throws(() => numbersIn.fill(() => {}), code("invalid-argument"));
    assert.throws(() => numbersIn.claim(1), code("invalid-argument"));
    const message = messagesIn.tryClaim(8);
    assert.throws(() => messagesIn.write(new Uint8Array(1)), code("invalid-argument"));
    assert.throws(() => messagesIn.tryClaim(1), code("invalid-argument"));
    assert.equal(numbersOut.pop(), undefined);
    assert.equal(
      messagesOut.read(() => {}),
      0,
    );
    for (const count of [-1, 3, 0.5, Number.NaN]) assert.throws(() => chunk?.commit(count), code("invalid-argument"));
    for (const byteLength of [-2, 9, 0.5, Number.NaN]) assert.throws(() => message?.commit(byteLength), code("invalid-argument"));
    chunk?.commit(1);
    message?.commit(4);
    assert.equal(numbersOut.available(), 1);
    messagesOut.read(({ byteLength }) => assert.equal(byteLength, 4));
    for (const count of [0, -1, 1.5, Number.NaN]) assert.throws(() => numbersIn.claim(count), code("invalid-argument"));
  });

  it("of messages are no longer than a message may be", () => {
    const { messages, messagesIn, messagesOut } = made();
    const longest = messages.maxByteLength;
    for (const byteLength of [longest + 1, -1, 1.5, Number.NaN, 2 ** 40])
      assert.throws(() => messagesIn.tryClaim(byteLength), code("invalid-argument"));
    assert.throws(() => messagesIn.write(new Uint8Array(longest + 1)), code("invalid-argument"));
    assert.throws(() => messagesIn.writeText("x".repeat(longest + 1)), code("invalid-argument"));
    assert.equal(messagesIn.write(new Uint8Array(longest)), true);
    assert.equal(
      messagesOut.read(() => {}),
      1,
    );
    assert.deepEqual(messages.checkInvariants(), []);
  });
});

describe("a consumer that throws in the middle", () => {
  it("has taken what it threw at, and leaves the rest", () => {
    const stop = new Error("stop");
    const throwAt = (bad: number) => {
      let count = 0;
      return () => {
        if (++count === bad) throw stop;
      };
    };
    const numbers = ring(sharedMemory(ringByteLength(u32, { capacity: 8 })), u32, { capacity: 8 });
    const [numbersIn, numbersOut] = [numbers.producer(), numbers.consumer()];
    numbersIn.pushMany([1, 2, 3]);
    assert.throws(() => numbersOut.drain(throwAt(2)), stop);
    assert.equal(numbersIn.room(), 7);
    assert.equal(numbersOut.pop(), 3);
    const messages = messageRing(sharedMemory(messageRingByteLength({ byteCapacity: 1024 })), { byteCapacity: 1024 });
    const [messagesIn, messagesOut] = [messages.producer(), messages.consumer()];
    for (const text of ["a", "b", "c"]) messagesIn.writeText(text);
    assert.throws(() => messagesOut.read(throwAt(2)), stop);
    assert.equal(
      messagesOut.read((message) => assert.equal(message.text(), "c")),
      1,
    );
    assert.equal(messages.usedByteLength, 0);
    const news = broadcast(sharedMemory(broadcastByteLength({ byteCapacity: 1024 })), { byteCapacity: 1024 });
    const [transmitter, receiver] = [news.transmitter(), news.receiver()];
    for (const text of ["a", "b", "c"]) transmitter.sendText(text);
    assert.throws(() => receiver.read(throwAt(2)), stop);
    assert.equal(
      receiver.read((message) => assert.equal(message.text(), "c")),
      1,
    );
  });
});

describe("what is closed", () => {
  it("says so at each use, and closing again is harmless", async () => {
    const numbers = ring(sharedMemory(ringByteLength(u32, { capacity: 8 })), u32, { capacity: 8 });
    const [producer, consumer] = [numbers.producer(), numbers.consumer()];
    const shape = { byteCapacity: 1024 };
    const messages = messageRing(sharedMemory(messageRingByteLength(shape)), shape);
    const [messagesIn, messagesOut] = [messages.producer(), messages.consumer()];
    const jobs = queue(sharedMemory(queueByteLength(u32, { capacity: 8 })), u32, { capacity: 8 });
    const news = broadcast(sharedMemory(broadcastByteLength(shape)), shape);
    const transmitter = news.transmitter();
    for (const end of [producer, consumer, messagesIn, messagesOut, jobs, transmitter]) {
      end.close();
      end.close();
    }
    const uses: readonly (() => unknown)[] = [
      () => producer.push(1),
      () => producer.pushMany([1]),
      () => producer.fill(() => {}),
      () => producer.claim(1),
      () => producer.room(),
      () => producer.pushWait(1),
      () => consumer.pop(),
      () => consumer.peek(),
      () => consumer.popInto([0]),
      () => consumer.drain(() => {}),
      () => consumer.claim(1),
      () => consumer.popWait(),
      () => messagesIn.write(new Uint8Array(1)),
      () => messagesIn.writeText("x"),
      () => messagesIn.tryClaim(1),
      () => messagesOut.read(() => {}),
      () => messagesOut.unblock(),
      () => messagesOut.waitReady(),
      () => jobs.push(1),
      () => jobs.pushMany([1]),
      () => jobs.forcePush(1),
      () => jobs.pop(),
      () => jobs.popInto([0]),
      () => jobs.length,
      () => jobs.end(),
      () => transmitter.send(new Uint8Array(1)),
    ];
    for (const use of uses) assert.throws(use, code("closed"), use.toString());
    for (const use of [
      () => producer.pushAsync(1),
      () => consumer.popAsync(),
      () => jobs.popAsync(),
      () => messagesOut.waitReadyAsync(),
    ])
      await assert.rejects(use, code("closed"), use.toString());
  });
});
