import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pipeline, ring, ringByteLength } from "../../../src/concurrent/index.ts";
import { MemoryError, privateMemory, sharedMemory, u32 } from "../../../src/index.ts";
import { HOMES } from "../../conformance/homes.ts";

const throwsCode = (code: string) => (error: unknown) => error instanceof MemoryError && error.code === code;
const rest = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function ends(capacity: number) {
  const made = ring(sharedMemory(ringByteLength(u32, { capacity })), u32, { capacity });
  return { producer: made.producer(), consumer: made.consumer() };
}

describe("waiting at a ring", () => {
  it("ends with what came, when time is over, and when the other side has left", () => {
    const { producer, consumer } = ends(1);
    assert.equal(consumer.popWait({ timeoutMs: 1 }), undefined);
    assert.equal(producer.pushWait(1), true);
    assert.equal(producer.pushWait(2, { timeoutMs: 1 }), false);
    for (const strategy of ["park", "yield", "spin"] as const) assert.equal(producer.waitReady({ timeoutMs: 2, strategy }), false);
    producer.close();
    assert.equal(consumer.popWait(), 1);
    assert.equal(consumer.popWait(), undefined);
    assert.throws(() => consumer.waitReady({ timeoutMs: -1 }), throwsCode("invalid-argument"));
    assert.throws(() => producer.waitReady(), throwsCode("closed"));
  });

  it("ends when the other side is known to be dead", () => {
    const made = ring(privateMemory(1024), u32, { capacity: 2 });
    made.producer({ identity: 5 });
    const consumer = made.consumer({ isAlive: (identity) => identity !== 5 });
    assert.equal(consumer.popWait(), undefined);
  });

  for (const home of HOMES) {
    it(`passes values in one thread without holding it, in ${home.title}`, async () => {
      using memory = home.create(4096);
      const made = ring(memory, u32, { capacity: 3 });
      const [producer, consumer] = [made.producer(), made.consumer()];
      const pushing = (async () => {
        for (let value = 0; value < 20; value++) assert.equal(await producer.pushAsync(value), true);
        producer.close();
      })();
      const seen: number[] = [];
      for await (const value of consumer) seen.push(value);
      await pushing;
      assert.deepEqual(seen, [...Array(20).keys()]);
    });
  }

  it("wakes a consumer at once when something comes, not when its patience ends", async () => {
    const { producer, consumer } = ends(4);
    const popping = consumer.popAsync();
    await rest(20);
    const before = performance.now();
    producer.push(7);
    assert.equal(await popping, 7);
    // A sleeper that was not woken would look again within 100 ms at the latest; only the order of events is certain on a busy machine.
    assert.ok(performance.now() - before < 5000);
  });

  it("rejects when it is aborted or its own end is closed", async () => {
    const { producer, consumer } = ends(1);
    const controller = new AbortController();
    const popping = consumer.popAsync({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await assert.rejects(popping, /enough/);
    const again = consumer.popAsync();
    await rest(5);
    consumer.close();
    await assert.rejects(again, throwsCode("closed"));
    assert.equal(await producer.pushAsync(1), true);
    assert.equal(await producer.pushAsync(2), false);
  });

  it("ends a loop over values by a signal, while it waits and between values, and loses none", async () => {
    const { producer, consumer } = ends(4);
    for (const value of [1, 2, 3]) producer.push(value);
    const seen: number[] = [];
    const loop = async (controller: AbortController, last: number): Promise<void> => {
      for await (const value of consumer.values({ signal: controller.signal })) {
        seen.push(value);
        if (value === last) controller.abort(new Error("enough"));
      }
    };
    await assert.rejects(loop(new AbortController(), 2), /enough/);
    assert.deepEqual(seen, [1, 2]);
    const waiting = new AbortController();
    const looping = loop(waiting, 0);
    await rest(5);
    assert.deepEqual(seen, [1, 2, 3]);
    waiting.abort(new Error("late enough"));
    await assert.rejects(looping, /late enough/);
    producer.push(4);
    await assert.rejects(loop(waiting, 0), /late enough/);
    assert.equal(consumer.pop(), 4);
  });

  it("of a stage that follows two waits for the later one", async () => {
    const stages = { a: [], b: [], c: ["a", "b"] };
    const made = pipeline(sharedMemory(4096), u32, { capacity: 2, stages });
    const producer = made.producer();
    const [a, b, c] = [made.stage("a"), made.stage("b"), made.stage("c")];
    producer.push(1);
    a.pop();
    const popping = c.popAsync();
    await rest(5);
    b.pop();
    assert.equal(await popping, 1);
    producer.push(2);
    producer.push(3);
    const pushing = producer.pushAsync(4);
    for (const stage of [a, b, c]) stage.pop();
    assert.equal(await pushing, true);
  });
});
