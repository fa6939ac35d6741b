import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  attachMessageRing,
  type MessageConsumer,
  type MessageProducer,
  messageRing,
  messageRingByteLength,
} from "../../../src/concurrent/index.ts";
import { planMessageRing } from "../../../src/concurrent/messages/message-ring-layout.ts";
import { type Memory, MemoryError, privateMemory, sharedMemory } from "../../../src/index.ts";
import { HOMES } from "../../conformance/homes.ts";

const throwsCode =
  (code: string, pattern = /./) =>
  (error: unknown) =>
    error instanceof MemoryError && error.code === code && pattern.test(error.message);

function make(producers: number, byteCapacity = 1024) {
  const memory = privateMemory(messageRingByteLength({ byteCapacity, producers }));
  const ring = messageRing(memory, { byteCapacity, producers });
  return { memory, ring, producer: ring.producer(), consumer: ring.consumer() };
}

const bytes = (byteLength: number, value = byteLength & 255) => new Uint8Array(byteLength).fill(value);

function readAll(consumer: MessageConsumer, limit?: number): string[] {
  const seen: string[] = [];
  consumer.read((message) => seen.push(`${message.type}:${message.text()}`), limit);
  return seen;
}

/** Begins its ring just before the position wraps round 32 bits. */
function nearTheEnd(memory: Memory, byteCapacity: number, producers: number): void {
  const plan = planMessageRing({ byteCapacity, producers, mirrored: false }, 0);
  const start = -plan.granules;
  for (const word of [plan.tail, plan.head, plan.freeing]) memory.i32[word] = start;
  for (let granule = 0; granule < plan.granules; granule++)
    memory.i32[plan.states + granule] = (start >>> plan.lapShift) & 0xfff_ffff;
}

for (const producers of [1, 3]) {
  describe(`a message ring of ${producers === 1 ? "one producer" : "many producers"}`, () => {
    it("passes messages of any length in order, empty ones too", () => {
      const { ring, producer, consumer } = make(producers);
      assert.equal(
        consumer.read(() => assert.fail()),
        0,
      );
      assert.equal(producer.writeText("one", 7), true);
      assert.equal(producer.write(bytes(0), -5), true);
      assert.equal(producer.writeText("größer".repeat(20), 9), true);
      assert.ok(ring.usedByteLength > 0);
      assert.deepEqual(readAll(consumer), ["7:one", "-5:", `9:${"größer".repeat(20)}`]);
      assert.equal(ring.usedByteLength, 0);
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("refuses a message when there is no room, and takes it when there is again", () => {
      const { ring, producer, consumer } = make(producers, 256);
      for (let message = 0; message < 4; message++) assert.equal(producer.write(bytes(64)), true);
      assert.equal(producer.write(bytes(0)), false);
      assert.equal(producer.tryClaim(0), undefined);
      assert.equal(
        consumer.read(() => {}, 1),
        1,
      );
      assert.equal(producer.write(bytes(65)), false);
      assert.equal(producer.write(bytes(64)), true);
      assert.equal(
        consumer.read(() => {}),
        4,
      );
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("puts padding where a message does not fit before the end, even when head and tail are there", () => {
      const { ring, producer, consumer } = make(producers, 512);
      for (const length of [64 * 3, 64 * 3]) producer.write(bytes(length));
      assert.equal(
        consumer.read(() => {}),
        2,
      );
      assert.equal(producer.write(bytes(200, 3)), true);
      assert.equal(ring.usedByteLength, 128 + 256);
      assert.deepEqual(ring.checkInvariants(), []);
      const seen: number[] = [];
      consumer.read((message) => seen.push(message.byteLength, message.bytes()[199]));
      assert.deepEqual(seen, [200, 3]);
      assert.equal(
        consumer.read(() => {}),
        0,
      );
      assert.equal(ring.usedByteLength, 0);
    });

    it("waits for room for padding and message together, and the longest message always fits in the end", () => {
      const { ring, producer, consumer } = make(producers, 256);
      assert.equal(ring.maxByteLength, 128);
      producer.write(bytes(128));
      producer.write(bytes(1));
      assert.equal(producer.write(bytes(128)), false);
      consumer.read(() => {});
      assert.equal(producer.write(bytes(128)), true);
      assert.throws(() => producer.write(bytes(129)), throwsCode("invalid-argument", /byteLength=129, maxByteLength=128/));
      for (const length of [-1, 1.5, Number.NaN]) assert.throws(() => producer.tryClaim(length), throwsCode("invalid-argument"));
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("does not show a message that is only half written, nor what comes behind it", () => {
      const { producer, consumer, ring } = make(producers);
      const claim = producer.tryClaim(10, 3);
      assert.ok(claim);
      if (producers > 1) {
        ring.producer().writeText("behind");
        assert.equal(consumer.blockedBy, producer.seat);
      }
      assert.equal(
        consumer.read(() => assert.fail()),
        0,
      );
      claim.bytes().fill(65);
      claim.commit();
      assert.deepEqual(readAll(consumer), ["3:AAAAAAAAAA", ...(producers > 1 ? ["0:behind"] : [])]);
    });

    it("takes a claim that is committed shorter, and forgets one that is aborted", () => {
      const { ring, producer, consumer } = make(producers);
      const long = producer.tryClaim(300);
      long?.bytes().fill(66);
      long?.commit(2);
      producer.tryClaim(500)?.abort();
      producer.writeText("end");
      assert.deepEqual(readAll(consumer), ["0:BB", "0:end"]);
      producer.tryClaim(10)?.commit(0);
      assert.deepEqual(readAll(consumer), ["0:"]);
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("refuses a second commit or abort of a claim, in every order, and a claim within a claim", () => {
      for (const first of ["commit", "abort"] as const) {
        for (const second of ["commit", "abort"] as const) {
          const { producer, consumer } = make(producers);
          const claim = producer.tryClaim(8);
          assert.ok(claim);
          claim[first]();
          assert.throws(() => claim[second](), throwsCode("invalid-argument", /after it was committed/));
          assert.throws(() => claim.bytes(), throwsCode("invalid-argument"));
          assert.equal(
            consumer.read(() => {}),
            first === "commit" ? 1 : 0,
          );
        }
      }
      const { producer } = make(producers);
      const claim = producer.tryClaim(8);
      assert.throws(() => producer.tryClaim(8), throwsCode("invalid-argument", /has a claim/));
      assert.throws(() => producer.write(bytes(1)), throwsCode("invalid-argument"));
      for (const length of [-1, 9, 0.5]) assert.throws(() => claim?.commit(length), throwsCode("invalid-argument"));
      claim?.commit(8);
      assert.equal(producer.write(bytes(1)), true);
    });

    it("limits what is read, and copes with a handler that throws", () => {
      const { ring, producer, consumer } = make(producers);
      for (const text of ["a", "b", "c", "d"]) producer.writeText(text);
      assert.deepEqual(readAll(consumer, 1), ["0:a"]);
      assert.deepEqual(readAll(consumer, 0), []);
      assert.throws(
        () =>
          consumer.read(() => {
            throw new Error("mine");
          }),
        /mine/,
      );
      assert.deepEqual(readAll(consumer), ["0:c", "0:d"]);
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("is read under control: abort leaves the message, break stops, commit frees, continue goes on", () => {
      const { ring, producer, consumer } = make(producers);
      for (const text of ["a", "b", "c", "d", "e"]) producer.writeText(text);
      assert.equal(
        consumer.controlledRead(() => "abort"),
        0,
      );
      const seen: string[] = [];
      const step = (...actions: ("abort" | "break" | "commit" | "continue")[]) =>
        consumer.controlledRead((message) => {
          seen.push(message.text());
          return actions.shift() ?? "continue";
        });
      assert.equal(step("continue", "abort"), 1);
      assert.equal(step("break"), 1);
      const before = ring.usedByteLength;
      const freed: number[] = [];
      consumer.controlledRead(() => {
        freed.push(before - ring.usedByteLength);
        return "commit";
      });
      assert.deepEqual(seen, ["a", "b", "b"]);
      assert.deepEqual(freed, [0, 64, 128]);
    });

    it("gives correlation ids that are all different", () => {
      const { ring, producer } = make(producers);
      assert.deepEqual([producer.nextCorrelationId(), producer.nextCorrelationId()], [1, 2]);
      producer.close();
      assert.equal(ring.producer().nextCorrelationId(), 3);
    });

    it("goes on when its positions go round 32 bits", () => {
      const memory = privateMemory(messageRingByteLength({ byteCapacity: 512, producers }));
      const ring = messageRing(memory, { byteCapacity: 512, producers });
      nearTheEnd(memory, 512, producers);
      assert.deepEqual(ring.checkInvariants(), []);
      const [producer, consumer] = [ring.producer(), ring.consumer()];
      for (let message = 0; message < 40; message++) {
        assert.equal(producer.writeText(`message ${message} ${"x".repeat(message)}`), true);
        if (message % 2 === 0) producer.writeText("two");
        assert.equal(readAll(consumer).length, message % 2 === 0 ? 2 : 1);
        assert.deepEqual(ring.checkInvariants(), []);
      }
    });

    it("has so many producers and one consumer, and tells when the producers are gone", () => {
      const { ring, producer, consumer } = make(producers);
      assert.throws(() => ring.consumer(), throwsCode("locked", /consumer already/));
      const others = Array.from({ length: producers - 1 }, () => ring.producer());
      assert.equal(consumer.isAbandoned, false);
      consumer.close();
      const next = ring.consumer();
      producer.writeText("last");
      for (const one of [producer, ...others]) one.close();
      assert.equal(next.isAbandoned, true);
      assert.equal(next.waitReady(), true);
      assert.deepEqual(readAll(next), ["0:last"]);
      assert.equal(next.waitReady(), false);
      assert.throws(() => producer.writeText("x"), throwsCode("closed"));
      next.close();
      assert.throws(() => next.read(() => {}), throwsCode("closed"));
      assert.throws(() => next.isAbandoned, throwsCode("closed"));
    });

    it("keeps a place for the consumer, and refuses one producer more than it was made for", () => {
      const ring = messageRing(privateMemory(messageRingByteLength({ byteCapacity: 256, producers })), {
        byteCapacity: 256,
        producers,
      });
      const all = Array.from({ length: producers }, () => ring.producer());
      assert.throws(() => ring.producer(), throwsCode("out-of-memory"));
      const dying = ring.consumer({ identity: 66 });
      assert.throws(() => ring.producer(), throwsCode("out-of-memory"));
      all[0].writeText("x");
      assert.throws(() => ring.consumer(), throwsCode("locked"));
      const next = ring.consumer({ dead: [66] });
      assert.deepEqual(readAll(next), ["0:x"]);
      // One that was only believed dead takes nothing away.
      dying.close();
      assert.throws(() => ring.consumer(), throwsCode("locked"));
      next.close();
      all[0].close();
      ring.consumer();
      ring.producer();
    });

    it("finds what a producer that died had committed, and nothing of what it had claimed", () => {
      const { memory, ring, producer, consumer } = make(producers);
      producer.writeText("first");
      const plan = planMessageRing({ byteCapacity: 1024, producers, mirrored: false }, 0);
      const tail = memory.i32[plan.tail];
      producer.writeText("second");
      // It dies before it moves the tail.
      memory.i32[plan.tail] = tail;
      if (producers > 1) {
        assert.equal(ring.producer().writeText("third"), true);
        assert.deepEqual(readAll(consumer), ["0:first", "0:second", "0:third"]);
        return;
      }
      producer.close();
      memory.i32[plan.tail] = tail;
      assert.equal(ring.producer().writeText("third"), true);
      assert.deepEqual(readAll(consumer), ["0:first", "0:second", "0:third"]);
    });

    it("frees what a consumer that died had begun to free", () => {
      const { memory, ring, producer, consumer } = make(producers, 256);
      for (let message = 0; message < 4; message++) producer.write(bytes(1, message));
      consumer.read(() => {}, 2);
      consumer.close();
      const plan = planMessageRing({ byteCapacity: 256, producers, mirrored: false }, 0);
      memory.i32[plan.freeing] += 1;
      const next = ring.consumer();
      const seen: number[] = [];
      next.read((message) => seen.push(message.bytes()[0]));
      assert.deepEqual(seen, [3]);
      assert.deepEqual(ring.checkInvariants(), []);
    });

    it("closes without a word when its memory is closed", () => {
      const { memory, producer, consumer } = make(producers);
      memory.close();
      assert.throws(() => producer.write(bytes(1)), throwsCode("closed"));
      assert.throws(() => consumer.read(() => {}), throwsCode("closed"));
      producer.close();
      consumer.close();
    });
  });
}

describe("a message ring that is blocked", () => {
  it("is not unblocked when it is empty or nothing is in the way", () => {
    const { producer, consumer } = make(3);
    assert.equal(consumer.unblock({ revoke: true }), false);
    producer.writeText("x");
    assert.equal(consumer.unblock({ revoke: true }), false);
    assert.deepEqual(readAll(consumer), ["0:x"]);
  });

  it("goes on behind the claim of one that is known to be dead, full or not", () => {
    for (const messages of [1, 3]) {
      const { ring, producer, consumer } = make(3, 256);
      const dying = ring.producer();
      dying.tryClaim(10);
      for (let message = 0; message < messages; message++) producer.writeText(`${message}`);
      assert.equal(producer.writeText("more"), messages < 3);
      assert.equal(
        consumer.read(() => {}),
        0,
      );
      assert.equal(consumer.unblock(), false);
      assert.equal(consumer.unblock({ dead: [dying.seat] }), true);
      assert.equal(
        consumer.read(() => {}),
        messages === 1 ? 2 : 3,
      );
      assert.deepEqual(ring.checkInvariants(), []);
      assert.equal(consumer.blockedBy, undefined);
    }
  });

  it("goes on by itself where isAlive tells who is dead", () => {
    const memory = privateMemory(messageRingByteLength({ byteCapacity: 512, producers: 2 }));
    const ring = messageRing(memory, { byteCapacity: 512, producers: 2 });
    const isAlive = (identity: number) => identity !== 66;
    const dying = ring.producer({ identity: 66 });
    const consumer = ring.consumer({ isAlive, identity: 1 });
    const producer = ring.producer({ isAlive, identity: 2 });
    dying.tryClaim(100);
    producer.writeText("x");
    assert.equal(consumer.unblock(), true);
    assert.deepEqual(readAll(consumer), ["0:x"]);
    assert.equal(consumer.recover(), 0);
    assert.equal(consumer.recover([producer.seat]), 1);
    // Their seats are free again.
    assert.equal(ring.producer({ isAlive, identity: 3 }).writeText("y"), true);
  });

  it("passes over what is revoked, and never uses its room while its producer may write there", () => {
    const { ring, producer, consumer } = make(3, 1024);
    const slow = ring.producer();
    producer.writeText("before");
    const claim = slow.tryClaim(100, 5);
    assert.ok(claim);
    const view = claim.bytes();
    producer.writeText("behind");
    assert.deepEqual(readAll(consumer), ["0:before"]);
    assert.equal(consumer.unblock(), false);
    assert.equal(consumer.unblock({ revoke: true }), true);
    assert.deepEqual(readAll(consumer), ["0:behind"]);
    // Others fill all that is left, and read it: none of it is where the slow one writes.
    let written = 0;
    while (producer.write(bytes(64, 7))) written += 1;
    assert.equal(written, 1024 / 64 - 3);
    view.fill(255);
    consumer.read((message) => assert.ok(message.bytes().every((byte) => byte === 7)));
    // Who attaches now reads nothing twice.
    consumer.close();
    const next = ring.consumer();
    assert.equal(
      next.read(() => {}),
      0,
    );
    assert.throws(() => claim.commit(), throwsCode("participant-lost", /revoked/));
    assert.equal(
      next.read(() => {}),
      0,
    );
    assert.deepEqual(ring.checkInvariants(), []);
    assert.equal(ring.usedByteLength, 0);
    assert.equal(slow.writeText("again"), true);
    assert.deepEqual(readAll(next), ["0:again"]);
  });

  it("lets go of what is revoked when its producer aborts or dies", () => {
    for (const end of ["abort", "death"]) {
      const { ring, producer, consumer } = make(3, 1024);
      const slow = ring.producer();
      const claim = slow.tryClaim(100);
      producer.writeText("x");
      consumer.unblock({ revoke: true });
      assert.equal(
        consumer.read(() => {}),
        1,
      );
      if (end === "abort") claim?.abort();
      const blocking = ring.producer().tryClaim(1);
      if (end === "death") {
        // A claim in the way names another seat: the dead one's is repaired when it is recovered.
        blocking?.commit();
        consumer.read(() => {});
        const other = slow.seat;
        producer.tryClaim(1);
        assert.equal(consumer.unblock({ dead: [other, producer.seat] }), true);
      } else blocking?.commit();
      consumer.read(() => {});
      if (end === "abort") assert.equal(ring.usedByteLength, 0);
      assert.deepEqual(ring.checkInvariants(), []);
    }
  });
});

describe("a message ring of another", () => {
  it("is refused where none was made, and with a shape that makes none", () => {
    const memory = sharedMemory(8192);
    assert.throws(() => attachMessageRing(memory), throwsCode("corrupt"));
    for (const byteCapacity of [0, -1, 255, 300, 1000, 2 ** 31, 1.5]) {
      assert.throws(() => messageRing(memory, { byteCapacity }), throwsCode("invalid-argument", /byteCapacity=/));
    }
    for (const producers of [0, 251, 1.5]) {
      assert.throws(() => messageRing(memory, { byteCapacity: 256, producers }), throwsCode("invalid-argument", /producers=/));
    }
    assert.throws(() => messageRing(memory, { byteCapacity: 8192 }), throwsCode("out-of-bounds"));
    messageRing(memory, { byteCapacity: 256, byteOffset: 64 }).producer().writeText("x");
    assert.deepEqual(readAll(attachMessageRing(memory, { byteOffset: 64 }).consumer()), ["0:x"]);
  });

  it("wakes who waits for messages and for room", async () => {
    const memory = sharedMemory(messageRingByteLength({ byteCapacity: 256, producers: 2 }));
    const ring = messageRing(memory, { byteCapacity: 256, producers: 2 });
    const [producer, consumer] = [ring.producer(), ring.consumer()];
    const ready = consumer.waitReadyAsync();
    await new Promise((resolve) => setTimeout(resolve, 5));
    producer.writeText("x");
    assert.equal(await ready, true);
    while (producer.write(bytes(64)));
    assert.equal(producer.writeWait(bytes(64), 0, { timeoutMs: 1 }), false);
    const written = producer.writeAsync(bytes(64));
    await new Promise((resolve) => setTimeout(resolve, 5));
    consumer.read(() => {});
    assert.equal(await written, true);
  });
});

type Step =
  | { readonly kind: "write" | "claim" | "abort" | "short"; readonly who: number; readonly byteLength: number }
  | { readonly kind: "read" | "revoke" | "reattach"; readonly limit: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("write" as const, "claim" as const, "abort" as const, "short" as const),
    who: fc.nat(2),
    byteLength: fc.integer({ min: 0, max: 256 }),
  }),
  fc.record({
    kind: fc.constantFrom("read" as const, "read" as const, "revoke" as const, "reattach" as const),
    limit: fc.integer({ min: 1, max: 5 }),
  }),
);

describe("waiting at a message ring", () => {
  it("gives all messages one after another, copies, until the producers are gone", async () => {
    const { producer, consumer } = make(2);
    const reading = (async () => {
      const seen: string[] = [];
      for await (const message of consumer) seen.push(`${message.type}:${message.text()}`);
      return seen;
    })();
    for (let number = 0; number < 100; number++) await producer.writeAsync(bytes(number % 7, 65), number);
    producer.close();
    assert.deepEqual(
      await reading,
      Array.from({ length: 100 }, (_, number) => `${number}:${"A".repeat(number % 7)}`),
    );
  });

  it("leaves what was not asked for where it is", async () => {
    const { producer, consumer } = make(1);
    for (const text of ["a", "b", "c"]) producer.writeText(text);
    for await (const message of consumer) {
      assert.equal(message.text(), "a");
      break;
    }
    assert.deepEqual(readAll(consumer), ["0:b", "0:c"]);
  });

  it("ends a loop over messages by a signal, and leaves what that has not given", async () => {
    const { producer, consumer } = make(1);
    for (const text of ["a", "b", "c"]) producer.writeText(text);
    const controller = new AbortController();
    const loop = async (): Promise<void> => {
      for await (const message of consumer.messages({ signal: controller.signal }))
        if (message.text() === "b") controller.abort(new Error("enough"));
    };
    await assert.rejects(loop(), /enough/);
    assert.deepEqual(readAll(consumer), ["0:c"]);
    await assert.rejects(consumer.messages({ signal: controller.signal }).next(), /enough/);
    const waiting = new AbortController();
    const next = consumer.messages({ signal: waiting.signal }).next();
    waiting.abort(new Error("late enough"));
    await assert.rejects(next, /late enough/);
  });

  it("ends for a producer when the consumer is gone", async () => {
    const { producer, consumer } = make(1, 256);
    assert.equal(producer.isAbandoned, false);
    while (producer.write(bytes(64)));
    const writing = producer.writeAsync(bytes(64));
    consumer.close();
    assert.equal(await writing, false);
    assert.equal(producer.writeWait(bytes(64)), false);
    assert.equal(producer.isAbandoned, true);
    producer.close();
    assert.throws(() => producer.isAbandoned, throwsCode("closed"));
  });

  it("is not begun with a type that is none", () => {
    const { producer } = make(1);
    for (const type of [0.5, 2 ** 31, Number.NaN])
      assert.throws(() => producer.write(bytes(1), type), throwsCode("invalid-argument", /type=/));
    assert.equal(producer.write(bytes(1), -(2 ** 31)), true);
  });
});

describe("random programs of message rings", () => {
  for (const home of HOMES) {
    for (const producers of [1, 3]) {
      it(`lose and change nothing, with ${producers} producers in ${home.title}`, () => {
        using memory = home.create(8192);
        fc.assert(
          fc.property(fc.boolean(), fc.array(STEP, { maxLength: 60 }), (late, steps) => {
            const ring = messageRing(memory, { byteCapacity: 512, producers });
            if (late) nearTheEnd(memory, 512, producers);
            const all: MessageProducer[] = Array.from({ length: producers }, () => ring.producer());
            const claims = new Map<
              MessageProducer,
              { claim: NonNullable<ReturnType<MessageProducer["tryClaim"]>>; entry: Entry }
            >();
            let consumer = ring.consumer();
            /** In the order of their claims. */
            const model: Entry[] = [];
            let number = 0;
            const settle = (producer: MessageProducer, kind: "claim" | "abort" | "short") => {
              const open = claims.get(producer);
              if (open === undefined) return;
              claims.delete(producer);
              const { claim, entry } = open;
              if (entry.state === "revoked") {
                if (kind === "abort") claim.abort();
                else assert.throws(() => claim.commit(), throwsCode("participant-lost"));
                return;
              }
              claim.bytes().fill(entry.value);
              if (kind === "abort") {
                claim.abort();
                model.splice(model.indexOf(entry), 1);
              } else {
                if (kind === "short") entry.byteLength >>= 1;
                claim.commit(entry.byteLength);
                entry.state = "there";
              }
            };
            for (const step of steps) {
              if ("who" in step) {
                const producer = all[step.who % producers];
                if (claims.has(producer)) settle(producer, step.kind === "write" ? "claim" : step.kind);
                else {
                  const entry: Entry = { state: "claimed", value: ++number & 255, byteLength: step.byteLength };
                  const claim = producer.tryClaim(step.byteLength, number);
                  if (claim === undefined) assert.ok(ring.usedByteLength > 0);
                  else {
                    model.push(entry);
                    claims.set(producer, { claim, entry });
                    if (step.kind === "write") settle(producer, "claim");
                  }
                }
              } else if (step.kind === "read") {
                const expected: Entry[] = [];
                while (expected.length < step.limit && model[0]?.state === "there") expected.push(model.shift() as Entry);
                const seen: Omit<Entry, "state">[] = [];
                consumer.read((message) => {
                  assert.ok(message.bytes().every((byte) => byte === (message.type & 255)));
                  seen.push({ value: message.type & 255, byteLength: message.byteLength });
                }, step.limit);
                assert.deepEqual(
                  seen,
                  expected.map(({ value, byteLength }) => ({ value, byteLength })),
                );
              } else if (step.kind === "revoke") {
                // Whatever is in front must be out of the way first.
                consumer.read(() => {}, 0);
                if (model[0]?.state !== "claimed" || producers === 1) continue;
                if (consumer.unblock({ revoke: true })) (model.shift() as Entry).state = "revoked";
              } else {
                consumer.close();
                consumer = ring.consumer();
              }
              assert.deepEqual(producers === 1 ? [] : ring.checkInvariants(), []);
            }
            for (const producer of all) producer.close();
            consumer.close();
          }),
          { numRuns: 100 },
        );
      });
    }
  }
});

interface Entry {
  state: "claimed" | "there" | "revoked";
  readonly value: number;
  byteLength: number;
}
