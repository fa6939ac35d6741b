import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { asyncScope, type Scope, scope } from "../../src/ownership/scope.ts";
import { refuses } from "../conformance/allocators.ts";

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  assert.fail("nothing was thrown");
}

/** The errors in the order in which they were thrown. */
function unrolled(error: unknown): unknown[] {
  if (error instanceof Error && error.name === "SuppressedError" && "error" in error && "suppressed" in error) {
    return [...unrolled(error.suppressed), error.error];
  }
  return [error];
}

describe("a scope", () => {
  it("ends what is in it in reverse order, once, on every way out of the block", () => {
    const log: unknown[] = [];
    const fill = (all: Scope): void => {
      const thing = { name: "a", [Symbol.dispose]: () => log.push("a") };
      assert.equal(all.use(thing), thing);
      assert.equal(all.use(null), null);
      assert.equal(all.use(undefined), undefined);
      assert.equal(
        all.adopt(7, (value) => log.push(value)),
        7,
      );
      all.defer(() => log.push("deferred"));
      assert.equal(all.size, 3);
    };
    assert.throws(() => {
      using all = scope();
      fill(all);
      throw new Error("left early");
    }, /left early/);
    assert.deepEqual(log.splice(0), ["deferred", 7, "a"]);
    const all = scope();
    fill(all);
    all.dispose();
    all.dispose();
    assert.deepEqual([log, all.disposed, all.size], [["deferred", 7, "a"], true, 0]);
    refuses("closed", () => all.defer(() => {}));
    refuses("closed", () => all.use(null));
    refuses("closed", () => all.move());
  });

  it("goes on when a disposal throws, and tells all errors, each later one on top of those before", () => {
    const order: string[] = [];
    const all = scope();
    const fail = (name: string) => () => {
      order.push(name);
      throw new Error(name);
    };
    all.defer(() => order.push("first"));
    for (const name of ["one", "two", "three"]) all.defer(fail(name));
    const error = thrown(() => all.dispose());
    assert.deepEqual(order, ["three", "two", "one", "first"]);
    assert.deepEqual(
      unrolled(error).map((each) => (each instanceof Error ? each.message : each)),
      ["three", "two", "one"],
    );
    const single = scope();
    single.defer(fail("only"));
    assert.throws(() => single.dispose(), { name: "Error", message: "only" });
    const odd = scope();
    odd.defer(() => {
      throw undefined;
    });
    assert.equal(
      thrown(() => odd.dispose()),
      undefined,
      "even undefined is an error that was thrown",
    );
  });

  it("moves all to another scope, for constructors that may fail half way", () => {
    const log: string[] = [];
    class Pair implements Disposable {
      readonly #parts: Scope;
      constructor(fails: boolean) {
        using parts = scope();
        parts.defer(() => log.push("left"));
        if (fails) throw new Error("no right");
        parts.defer(() => log.push("right"));
        this.#parts = parts.move();
        refuses("moved", () => parts.defer(() => {}));
      }
      [Symbol.dispose](): void {
        this.#parts.dispose();
      }
    }
    assert.throws(() => new Pair(true), /no right/);
    assert.deepEqual(log.splice(0), ["left"]);
    {
      using pair = new Pair(false);
      assert.deepEqual(log, []);
      assert.ok(pair);
    }
    assert.deepEqual(log, ["right", "left"]);
  });

  it("refuses what cannot be disposed of, and takes nothing in", () => {
    using all = scope();
    refuses("invalid-argument", () => Reflect.apply(all.use, all, [{}]));
    refuses("invalid-argument", () => Reflect.apply(all.use, all, [5]));
    refuses("invalid-argument", () => Reflect.apply(all.adopt, all, [{}, "x"]));
    refuses("invalid-argument", () => Reflect.apply(all.defer, all, []));
    assert.equal(all.size, 0);
  });

  it("can be disposed of from within a disposal, and ends everything once", () => {
    const log: string[] = [];
    const all = scope();
    all.defer(() => log.push("first"));
    all.defer(() => {
      log.push("second");
      all.dispose();
      refuses("closed", () => all.defer(() => {}));
    });
    all.dispose();
    assert.deepEqual(log, ["second", "first"]);
  });

  it("waits for asynchronous disposals, one after the other", async () => {
    const log: string[] = [];
    const later = async (name: string): Promise<void> => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      log.push(`${name} ends`);
    };
    {
      await using all = asyncScope();
      all.use({ [Symbol.asyncDispose]: () => later("a") });
      all.use({ [Symbol.dispose]: () => log.push("sync") });
      all.adopt("b", later);
      all.use(null);
    }
    assert.deepEqual(log, ["b begins", "b ends", "sync", "a begins", "a ends"]);
    const failing = asyncScope();
    for (const name of ["one", "two"]) failing.defer(() => Promise.reject(new Error(name)));
    const moved = failing.move();
    await failing.disposeAsync();
    const error: unknown = await moved.disposeAsync().catch((reason: unknown) => reason);
    assert.deepEqual(
      unrolled(error).map((each) => (each instanceof Error ? each.message : each)),
      ["two", "one"],
    );
    refuses("moved", () => failing.defer(() => {}));
    refuses("invalid-argument", () => Reflect.apply(asyncScope().use, asyncScope(), [{}]));
  });

  it("does what a list of disposals does, through any program", () => {
    const step = fc.tuple(fc.constantFrom("use", "adopt", "defer", "fail", "move", "dispose"), fc.nat());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: "max" }), (program) => {
        let all = scope();
        let model: { id: number; fails: boolean }[] = [];
        const log: number[] = [];
        for (const [action, id] of program) {
          const end = (): void => {
            log.push(id);
            if (action === "fail") throw id;
          };
          if (action === "use") all.use({ [Symbol.dispose]: end });
          else if (action === "adopt") all.adopt(id, end);
          else if (action === "defer" || action === "fail") all.defer(end);
          else if (action === "move") {
            const from = all;
            all = all.move();
            assert.deepEqual(from.checkInvariants(), []);
          } else {
            const expected = model.reverse();
            const errors = expected.filter(({ fails }) => fails).map((each) => each.id);
            if (errors.length === 0) all.dispose();
            else assert.deepEqual(unrolled(thrown(() => all.dispose())), errors);
            assert.deepEqual(
              log.splice(0),
              expected.map((each) => each.id),
            );
            assert.deepEqual(all.checkInvariants(), []);
            all = scope();
            model = [];
          }
          if (["use", "adopt", "defer", "fail"].includes(action)) model.push({ id, fails: action === "fail" });
          assert.deepEqual([all.checkInvariants(), all.size], [[], model.length]);
        }
      }),
      { numRuns: 100 },
    );
  });
});
