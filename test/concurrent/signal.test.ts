import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Signal, type WaitStrategy } from "../../src/concurrent/index.ts";
import { privateMemory } from "../../src/index.ts";
import { HOMES } from "../conformance/homes.ts";
import { countSteps, interruptedAt } from "../interleaving/steps.ts";

const AT = 64;
const STRATEGIES: readonly WaitStrategy[] = ["park", "yield", "spin"];

for (const home of HOMES) {
  describe(`a signal in ${home.title}`, () => {
    it("costs its raiser nothing while nobody waits, and tells each listener of what comes after", () => {
      using memory = home.create(128);
      const signal = new Signal(memory, AT);
      signal.raise();
      assert.equal(memory.i32[AT / 4], 0);
      const seen = signal.listen();
      assert.equal(memory.i32[AT / 4], seen);
      signal.raise();
      assert.notEqual(memory.i32[AT / 4], seen);
      const started = performance.now();
      signal.wait(seen, 60_000);
      assert.ok(performance.now() - started < 30_000, "who listened before it was raised does not sleep");
      assert.notEqual(signal.listen(), seen);
    });

    for (const strategy of STRATEGIES) {
      it(`waits until a time is over, by ${strategy}`, async () => {
        using memory = home.create(128);
        const signal = new Signal(memory, AT);
        assert.equal(
          signal.waitUntil(() => false, { timeoutMs: 5, strategy }),
          false,
        );
        assert.equal(
          signal.waitUntil(() => true, { timeoutMs: 0, strategy }),
          true,
        );
        assert.equal(await signal.waitUntilAsync(() => false, { timeoutMs: 5, strategy }), false);
        assert.equal(await signal.waitUntilAsync(() => true, { timeoutMs: 0, strategy }), true);
      });

      it(`wakes what waits in the same thread without holding it, by ${strategy}`, async () => {
        using memory = home.create(128);
        const signal = new Signal(memory, AT);
        const word = AT / 4 + 1;
        const waiting = [1, 2, 3].map((least) =>
          signal.waitUntilAsync(() => Atomics.load(memory.i32, word) >= least, { timeoutMs: 60_000, strategy }),
        );
        for (let round = 0; round < 3; round++) {
          await new Promise((resolve) => setTimeout(resolve, 2));
          Atomics.add(memory.i32, word, 1);
          signal.raise();
        }
        assert.deepEqual(await Promise.all(waiting), [true, true, true]);
      });
    }

    it("ends a wait that is aborted with its reason, and leaves the others waiting", async () => {
      using memory = home.create(128);
      const signal = new Signal(memory, AT);
      const reason = new Error("enough");
      await assert.rejects(
        signal.waitUntilAsync(() => false, { signal: AbortSignal.abort(reason) }),
        reason,
      );
      const aborting = new AbortController();
      const aborted = signal.waitUntilAsync(() => false, { signal: aborting.signal });
      const other = signal.waitUntilAsync(() => Atomics.load(memory.i32, 0) === 1);
      setTimeout(() => aborting.abort(reason), 2);
      await assert.rejects(aborted, reason);
      Atomics.store(memory.i32, 0, 1);
      signal.raise();
      assert.equal(await other, true);
    });
  });
}

it("a signal is refused where it cannot lie, and for times that are none", async () => {
  using memory = privateMemory(64);
  for (const byteOffset of [-4, 2, 1.5, Number.NaN])
    assert.throws(() => new Signal(memory, byteOffset), { code: "invalid-argument" });
  assert.throws(() => new Signal(memory, 64), { code: "out-of-bounds" });
  const signal = new Signal(memory, 0);
  for (const timeoutMs of [-1, Number.NaN]) {
    assert.throws(() => signal.waitUntil(() => true, { timeoutMs }), { code: "invalid-argument" });
    await assert.rejects(
      signal.waitUntilAsync(() => true, { timeoutMs }),
      { code: "invalid-argument" },
    );
  }
});

it("a signal lets an error of what it waits for through, that of a closed memory too", async () => {
  const memory = privateMemory(64);
  const signal = new Signal(memory, 0);
  const waiting = signal.waitUntilAsync(() => Atomics.load(memory.i32, 1) === 1);
  memory.close();
  await assert.rejects(waiting, { code: "closed" });
  assert.throws(() => signal.raise(), { code: "closed" });
});

it("a signal that is raised at any step of a listener's is not missed", () => {
  const [WORD, DATA] = [0, 1];
  // Tells whether the listener would sleep although the data is there.
  const listen = (memory: ReturnType<typeof privateMemory>): boolean => {
    const signal = new Signal(memory, WORD * 4);
    const seen = signal.listen();
    return Atomics.load(memory.i32, DATA) === 0 && Atomics.load(memory.i32, WORD) === seen;
  };
  const steps = countSteps(() => listen(privateMemory(64)));
  for (let at = 0; at < steps; at++) {
    using memory = privateMemory(64);
    const sleeps = interruptedAt(
      at,
      () => listen(memory),
      () => {
        Atomics.store(memory.i32, DATA, 1);
        new Signal(memory, 0).raise();
      },
    );
    assert.equal(sleeps, false, `raised before step ${at}`);
  }
});

it("a signal does not ask again what has said that it is ready, which may have used it up", async () => {
  using memory = privateMemory(64);
  const signal = new Signal(memory, 0);
  const raising = setInterval(() => signal.raise(), 1);
  for (let yes = 1; yes < 400; yes += yes < 10 ? 1 : 43) {
    let asked = 0;
    assert.equal(await signal.waitUntilAsync(() => ++asked === yes), true);
    assert.equal(asked, yes);
    asked = 0;
    assert.equal(
      signal.waitUntil(() => ++asked === yes),
      true,
    );
    assert.equal(asked, yes);
  }
  clearInterval(raising);
});
