import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { planBroadcast } from "../../../src/concurrent/broadcast/broadcast-layout.ts";
import { attachBroadcast, broadcast, broadcastByteLength, type Receiver } from "../../../src/concurrent/index.ts";
import { MemoryError, privateMemory, sharedMemory } from "../../../src/index.ts";
import { HOMES } from "../../conformance/homes.ts";
import { countSteps, interruptedAt } from "../../interleaving/steps.ts";

const throwsCode =
  (code: string, pattern = /./) =>
  (error: unknown) =>
    error instanceof MemoryError && error.code === code && pattern.test(error.message);

const make = (byteCapacity = 256) => broadcast(privateMemory(broadcastByteLength({ byteCapacity })), { byteCapacity });

function readAll(receiver: Receiver, limit?: number): string[] {
  const seen: string[] = [];
  receiver.read((message) => seen.push(`${message.type}:${message.text()}`), limit);
  return seen;
}

describe("a broadcast", () => {
  it("shows every receiver what was sent after it came, or from the latest on", () => {
    const news = make(1024);
    const early = news.receiver();
    assert.deepEqual(readAll(early), []);
    assert.equal(early.isReady, false);
    const transmitter = news.transmitter();
    transmitter.sendText("one", 1);
    transmitter.sendText("", -2);
    const late = news.receiver();
    const latest = news.receiver({ fromLatest: true });
    transmitter.send(new Uint8Array([65, 66]), 3);
    assert.deepEqual(readAll(early, 1), ["1:one"]);
    assert.deepEqual(readAll(early), ["-2:", "3:AB"]);
    assert.deepEqual(readAll(late), ["3:AB"]);
    assert.deepEqual(readAll(latest), ["-2:", "3:AB"]);
    assert.deepEqual([early.laps, late.laps, latest.laps], [0, 0, 0]);
    assert.deepEqual(news.checkInvariants(), []);
  });

  it("goes over its end with padding, and tells a receiver that it was lapped", () => {
    const news = make(256);
    const transmitter = news.transmitter();
    const [quick, slow] = [news.receiver(), news.receiver()];
    for (let number = 0; number < 50; number++) {
      const text = `${number}${"x".repeat(number % 30)}`;
      transmitter.sendText(text);
      assert.deepEqual(readAll(quick), [`0:${text}`]);
    }
    assert.deepEqual(readAll(slow), [`0:49${"x".repeat(19)}`]);
    assert.equal(quick.laps, 0);
    assert.equal(slow.laps, 1);
    assert.deepEqual(readAll(slow), []);
  });

  it("tells that what was looked at in place was overwritten meanwhile", () => {
    const news = make(256);
    const transmitter = news.transmitter();
    const receiver = news.receiver();
    assert.equal(
      receiver.look(() => assert.fail()),
      undefined,
    );
    transmitter.sendText("a");
    assert.equal(
      receiver.look((message) => assert.equal(message.text(), "a")),
      true,
    );
    transmitter.sendText("b");
    const overwritten = receiver.look(() => {
      for (let number = 0; number < 10; number++) transmitter.sendText(`${number}`);
    });
    assert.equal(overwritten, false);
    assert.equal(receiver.laps, 1);
    assert.deepEqual(readAll(receiver), ["0:9"]);
  });

  it("goes on where positions go round 32 bits, and knows a message of 2^32 units before", () => {
    const news = make(256);
    const plan = planBroadcast(256, 0);
    const { i32 } = news.memory;
    for (const word of [plan.intent, plan.tail, plan.latest]) i32[word] = -32;
    const transmitter = news.transmitter();
    const receiver = news.receiver();
    for (let number = 0; number < 40; number++) {
      transmitter.sendText(`${number}`);
      assert.deepEqual(readAll(receiver), [`0:${number}`]);
    }
    assert.equal(receiver.laps, 0);
    transmitter.close();
    assert.doesNotThrow(() => news.transmitter().sendText("next"));
    assert.deepEqual(readAll(receiver), ["0:next"]);
    // As if the transmitter had been round once and were back at the same low bits.
    const word = plan.bytes / 4 + ((i32[plan.latest] >>> 0) % 16) * 4;
    const sleeper = news.receiver({ fromLatest: true });
    i32[word + 3] += 1;
    assert.equal(readAll(sleeper).length, 1);
    assert.equal(sleeper.laps, 1);
  });

  it("does not send what a transmitter that died had begun", () => {
    const news = make(256);
    const plan = planBroadcast(256, 0);
    const receiver = news.receiver();
    const dying = news.transmitter({ identity: 6 });
    dying.sendText("a");
    news.memory.i32[plan.intent] += 2;
    assert.deepEqual(readAll(receiver), ["0:a"]);
    assert.deepEqual(readAll(news.receiver({ fromLatest: true })), ["0:a"]);
    assert.throws(() => news.transmitter(), throwsCode("locked", /heldBy=6/));
    news.transmitter({ dead: [6] }).sendText("b");
    assert.deepEqual(readAll(receiver), ["0:b"]);
    assert.deepEqual(news.checkInvariants(), []);
  });

  it("refuses what is too long, a second transmitter, and use after close", () => {
    const news = make(256);
    const transmitter = news.transmitter();
    assert.equal(news.maxByteLength, 32);
    transmitter.send(new Uint8Array(32));
    assert.throws(() => transmitter.send(new Uint8Array(33)), throwsCode("invalid-argument", /byteLength=33, maxByteLength=32/));
    assert.throws(() => news.transmitter(), throwsCode("locked"));
    transmitter.close();
    transmitter.close();
    assert.throws(() => transmitter.sendText("x"), throwsCode("closed"));
    const memory = sharedMemory(1024);
    for (const byteCapacity of [0, 128, 300, 2 ** 31]) {
      assert.throws(() => broadcast(memory, { byteCapacity }), throwsCode("invalid-argument", /byteCapacity=/));
    }
    assert.throws(() => attachBroadcast(memory), throwsCode("corrupt"));
    assert.throws(() => broadcast(memory, { byteCapacity: 1024 }), throwsCode("out-of-bounds"));
  });

  it("wakes who waits", async () => {
    const memory = sharedMemory(1024);
    const news = broadcast(memory, { byteCapacity: 256 });
    const receiver = attachBroadcast(memory).receiver();
    assert.equal(receiver.waitReady({ timeoutMs: 1 }), false);
    const ready = receiver.waitReadyAsync();
    await new Promise((resolve) => setTimeout(resolve, 5));
    news.transmitter().sendText("x");
    assert.equal(await ready, true);
    assert.deepEqual(readAll(receiver), ["0:x"]);
  });

  it("ends a loop over messages by a signal, and leaves what that has not given", async () => {
    const news = broadcast({ byteCapacity: 256 });
    const [transmitter, receiver] = [news.transmitter(), news.receiver()];
    for (const text of ["a", "b"]) transmitter.sendText(text);
    const controller = new AbortController();
    const loop = async (): Promise<void> => {
      for await (const message of receiver.messages({ signal: controller.signal })) {
        assert.equal(message.text(), "a");
        controller.abort(new Error("enough"));
      }
    };
    await assert.rejects(loop(), /enough/);
    assert.deepEqual(readAll(receiver), ["0:b"]);
  });

  it("is over for a receiver when the transmitter is gone and nothing is left", async () => {
    const memory = sharedMemory(1024);
    const news = broadcast(memory, { byteCapacity: 256 });
    const transmitter = news.transmitter();
    const receiver = attachBroadcast(memory).receiver();
    assert.equal(receiver.isAbandoned, false);
    const reading = (async () => {
      const seen: string[] = [];
      for await (const message of receiver) seen.push(message.text());
      return seen;
    })();
    transmitter.sendText("a");
    await new Promise((resolve) => setTimeout(resolve, 5));
    transmitter.sendText("b");
    transmitter.close();
    assert.deepEqual(await reading, ["a", "b"]);
    assert.equal(receiver.isAbandoned, true);
    assert.equal(receiver.waitReady(), false);
    news.transmitter({ identity: 5 });
    assert.equal(
      attachBroadcast(memory)
        .receiver({ isAlive: () => false })
        .waitReady(),
      false,
    );
  });

  it("never shows a message that is not whole, whatever step of reading the transmitter comes in at", () => {
    const stage = () => {
      const news = make(256);
      const [transmitter, receiver] = [news.transmitter(), news.receiver()];
      transmitter.sendText("AAAAAAAAAAAAAAAAAAAAAAAA");
      return { transmitter, receiver };
    };
    const steps = countSteps(() => readAll(stage().receiver));
    for (let at = 0; at < steps; at++) {
      for (const more of [1, 3, 5, 7, 12, 20]) {
        const { transmitter, receiver } = stage();
        const seen = interruptedAt(
          at,
          () => readAll(receiver),
          () => {
            for (let number = 0; number < more; number++) transmitter.sendText(String.fromCharCode(66 + number).repeat(20));
          },
        );
        for (const text of seen) assert.match(text, /^0:([A-Z])\1+$/);
        assert.ok(seen.length > 0);
      }
    }
  });
});

describe("random programs of a broadcast", () => {
  for (const home of HOMES) {
    it(`show a part of what was sent, in order, and all of it while nobody is lapped, in ${home.title}`, () => {
      using memory = home.create(4096);
      fc.assert(
        fc.property(fc.array(fc.record({ send: fc.boolean(), who: fc.nat(1), length: fc.nat(32) }), { maxLength: 80 }), (steps) => {
          const news = broadcast(memory, { byteCapacity: 256 });
          using transmitter = news.transmitter();
          const receivers = [news.receiver(), news.receiver()].map((receiver) => ({ receiver, last: -1, all: true }));
          let sent = 0;
          for (const { send, who, length } of steps) {
            if (send) {
              transmitter.send(new Uint8Array(length).fill(sent), sent);
              sent += 1;
            } else {
              const one = receivers[who];
              const before = one.last;
              const { laps } = one.receiver;
              one.receiver.read((message) => {
                assert.ok(message.type > one.last);
                assert.ok(message.bytes().every((byte) => byte === (message.type & 255)));
                one.last = message.type;
              });
              assert.equal(one.last, sent - 1);
              if (one.receiver.laps === laps) assert.ok(sent - 1 - before <= 16);
            }
            assert.deepEqual(news.checkInvariants(), []);
          }
        }),
        { numRuns: 60 },
      );
    });
  }
});
