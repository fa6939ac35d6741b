import assert from "node:assert/strict";
import { describe, test } from "node:test";
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
import { attach, privateMemory } from "../../src/core/homes.ts";
import { u32 } from "../../src/layout/scalars.ts";

const STAGES = { parse: [], store: ["parse"] } as const;

describe("where no memory is given", () => {
  test("a ring has shared memory of its own, exactly as long as it is", () => {
    const numbers = ring(u32, { capacity: 8 });
    assert.deepEqual([numbers.memory.home, numbers.memory.byteLength], ["shared", ringByteLength(u32, { capacity: 8 })]);
    numbers.producer().push(7);
    assert.equal(attachRing(attach(numbers.memory.ticket()), u32).consumer().pop(), 7);
  });

  test("a pipeline has", () => {
    const shape = { capacity: 8, stages: STAGES };
    const numbers = pipeline(u32, shape);
    assert.deepEqual([numbers.memory.home, numbers.memory.byteLength], ["shared", pipelineByteLength(u32, shape)]);
    numbers.producer().push(7);
    const there = attachPipeline(attach(numbers.memory.ticket()), u32, { stages: STAGES });
    assert.deepEqual([there.stage("parse").pop(), there.stage("store").pop()], [7, 7]);
  });

  test("a queue has", () => {
    using jobs = queue(u32, { capacity: 8, seats: 4 });
    assert.deepEqual([jobs.memory.home, jobs.memory.byteLength], ["shared", queueByteLength(u32, { capacity: 8, seats: 4 })]);
    jobs.push(7);
    using there = attachQueue(attach(jobs.memory.ticket()), u32);
    assert.equal(there.pop(), 7);
  });

  test("a message ring has", () => {
    const shape = { byteCapacity: 1024, producers: 2 };
    const log = messageRing(shape);
    assert.deepEqual([log.memory.home, log.memory.byteLength], ["shared", messageRingByteLength(shape)]);
    log.producer().writeText("seven");
    const texts: string[] = [];
    attachMessageRing(attach(log.memory.ticket()))
      .consumer()
      .read((message) => void texts.push(message.text()));
    assert.deepEqual(texts, ["seven"]);
  });

  test("a broadcast has", () => {
    const news = broadcast({ byteCapacity: 1024 });
    assert.deepEqual([news.memory.home, news.memory.byteLength], ["shared", broadcastByteLength({ byteCapacity: 1024 })]);
    const receiver = attachBroadcast(attach(news.memory.ticket())).receiver();
    news.transmitter().sendText("seven");
    const texts: string[] = [];
    receiver.read((message) => void texts.push(message.text()));
    assert.deepEqual(texts, ["seven"]);
  });

  test("calls in a wrong way say which is right", () => {
    const call = (made: object, ...given: unknown[]) => Reflect.apply(Object.values(made)[0], undefined, given);
    for (const [made, given, noun] of [
      [{ ring }, [u32], "instead of options"],
      [{ ring }, [{ capacity: 8 }, u32], "instead of a type"],
      [{ ring }, [privateMemory(4096), u32], "instead of options"],
      [{ queue }, [u32, undefined], "instead of options"],
      [{ pipeline }, [u32, { capacity: 8 }], "instead of "],
      [{ messageRing }, [undefined], "instead of options"],
      [{ broadcast }, [], "instead of options"],
    ] as const) {
      assert.throws(() => call(made, ...given), { code: "invalid-argument", message: new RegExp(noun) });
    }
  });
});
