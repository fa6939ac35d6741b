import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attachSharedBump, sharedBump } from "../../src/alloc/shared-bump.ts";
import {
  attachSharedInterner,
  type Memory,
  privateMemory,
  type SharedInterner,
  type StringId,
  sharedInterner,
} from "../../src/index.ts";
import { countSteps, diesAt, interruptedAt } from "./steps.ts";

/** One word for each of several starts of hashes, so that some share a bucket and some do not. */
const FEW = ["a", "b", "c", "d"];

/** An interner with a first participant that stays, and others that come in between or die. */
class Stage implements Disposable {
  readonly memory: Memory = privateMemory(16_384);
  readonly first: SharedInterner;

  constructor(before: readonly string[]) {
    const allocator = sharedBump(this.memory);
    this.first = sharedInterner(allocator, { seed: 3 });
    for (const text of before) this.first.intern(text);
  }

  join(): SharedInterner {
    return attachSharedInterner(attachSharedBump(this.memory), { byteOffset: this.first.byteOffset });
  }

  /** What everybody was told holds, for everybody; and everything can go on. */
  check(told: ReadonlyMap<string, number>): void {
    assert.deepEqual(this.first.checkInvariants(), []);
    const late = this.join();
    for (const [text, id] of told) {
      for (const strings of [this.first, late]) {
        assert.equal(strings.lookup(text), id);
        assert.equal(strings.resolve(id as StringId), text);
        assert.equal(strings.intern(text), id);
      }
    }
    // Whatever was left half done is done by who comes next.
    for (const text of [...FEW, "e", "f"]) assert.equal(late.intern(text), this.first.intern(text));
    assert.equal(new Set([...this.first]).size, this.first.size);
    assert.deepEqual(late.checkInvariants(), []);
  }

  [Symbol.dispose](): void {
    this.memory.close();
  }
}

/** Fills it so that the next string needs a new segment of ids and twice the buckets. */
const SIXTEEN = Array.from({ length: 16 }, (_, n) => `early ${n}`);

describe("a shared interner", () => {
  for (const before of [[], ["a"], SIXTEEN.slice(1), SIXTEEN]) {
    it(`of ${before.length} strings is whole when a participant dies at any step, and gives its strings to who comes next`, () => {
      const run = (last: number): boolean => {
        using stage = new Stage(before);
        const told = new Map(before.map((text, at) => [text, at + 1]));
        const mortal = stage.join();
        const died = diesAt(last, () => {
          for (const text of FEW) told.set(text, mortal.intern(text));
          mortal.intern("a");
        });
        stage.check(told);
        return died;
      };
      let steps = 0;
      while (run(steps)) steps += 1;
      assert.ok(steps > 20);
    });

    it(`of ${before.length} strings gives the same ids to all when another comes in between at any step`, () => {
      const others: Readonly<Record<string, readonly string[]>> = { same: ["a"], more: ["b", "a", "d"], new: ["e", "f", "g"] };
      using counting = new Stage(before);
      const one = counting.join();
      const steps = countSteps(() => FEW.map((text) => one.intern(text)));
      for (const [title, texts] of Object.entries(others)) {
        for (let at = 0; at < steps; at++) {
          using stage = new Stage(before);
          const told = new Map(before.map((text, index) => [text, index + 1]));
          const [mine, theirs] = [stage.join(), stage.join()];
          const tell = (text: string, id: number): void => {
            assert.equal(told.get(text) ?? id, id, `${text} has two ids, ${title} at step ${at}`);
            told.set(text, id);
          };
          interruptedAt(
            at,
            () => {
              for (const text of FEW) tell(text, mine.intern(text));
            },
            () => {
              for (const text of texts) tell(text, theirs.intern(text));
            },
          );
          assert.equal(new Set(told.values()).size, told.size, `two strings have one id, ${title} at step ${at}`);
          stage.check(told);
        }
      }
    });
  }

  it("is whole when one dies inside of another's step, whatever both have done", () => {
    using counting = new Stage(["z"]);
    const first = counting.join();
    const steps = countSteps(() => first.intern("a"));
    for (let at = 0; at < steps; at++) {
      for (let last = 0; ; last++) {
        using stage = new Stage(["z"]);
        const told = new Map([["z", 1]]);
        const [mine, mortal] = [stage.join(), stage.join()];
        let died = false;
        const id = interruptedAt(
          at,
          () => mine.intern("a"),
          () => {
            died = diesAt(last, () => mortal.intern("a"));
          },
        );
        told.set("a", id);
        stage.check(told);
        if (!died) break;
      }
    }
  });
});
