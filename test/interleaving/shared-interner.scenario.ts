import assert from "node:assert/strict";
import { attachSharedBump, sharedBump } from "../../src/alloc/shared-bump.ts";
import { attachSharedInterner, sharedInterner } from "../../src/collections/strings/share-interner.ts";
import type { SharedInterner } from "../../src/collections/strings/shared-interner.ts";
import type { StringId } from "../../src/collections/strings/string-id.ts";
import type { Play } from "./run.ts";
import { stageMemory } from "./stage.ts";

/** A participant each for the threads, and one that looks at what they have done. Texts that were told an id are checked to have it for everybody. */
function stage(before: readonly string[]) {
  const memory = stageMemory(4096);
  const first = sharedInterner(sharedBump(memory), { seed: 3 });
  const told = new Map<string, number>();
  const tell = (strings: SharedInterner, text: string): void => {
    const id = strings.intern(text);
    assert.equal(told.get(text) ?? id, id, `${text} has two ids`);
    told.set(text, id);
    assert.equal(strings.resolve(id), text);
  };
  for (const text of before) tell(first, text);
  const join = (): SharedInterner => attachSharedInterner(attachSharedBump(memory), { byteOffset: first.byteOffset });
  const look = (): void => {
    assert.deepEqual(first.checkInvariants(), []);
    assert.equal(new Set(told.values()).size, told.size, "two strings have one id");
    for (const [text, id] of told) {
      assert.equal(first.lookup(text), id);
      assert.equal(first.resolve(id as StringId), text);
    }
    // What was left half done is done by who comes next.
    for (const text of ["a", "b", "c", "d"]) tell(first, text);
    assert.equal(new Set(first).size, first.size, "one string has two ids");
    assert.deepEqual(first.checkInvariants(), []);
  };
  return { told, tell, join, look };
}

/** Two intern new strings of one bucket, which nobody has begun in before: with the seed of the stage these are such. */
export const bucket: Play = () => {
  const { tell, join, look } = stage([]);
  const [one, two] = [join(), join()];
  return {
    threads: [() => tell(one, "n0"), () => tell(two, "n11")],
    check() {
      look();
    },
  };
};

/** Two intern the same new string, and one of them another. */
export const same: Play = () => {
  const { tell, join, look } = stage([]);
  const [one, two] = [join(), join()];
  return {
    threads: [
      () => {
        tell(one, "a");
        tell(one, "b");
      },
      () => tell(two, "a"),
    ],
    check() {
      look();
    },
  };
};

/** The seventeenth string needs a new segment of ids, and twice the buckets; two come with it, and one more opens its bucket. */
export const growth: Play = () => {
  const { tell, join, look } = stage(Array.from({ length: 16 }, (_, n) => `early ${n}`));
  const [one, two] = [join(), join()];
  return {
    threads: [
      () => tell(one, "a"),
      () => {
        tell(two, "b");
        tell(two, "a");
      },
    ],
    check() {
      look();
    },
  };
};

/** While one interns, another looks: what it finds is there for good, and ids are dealt out one after the other. */
export const reading: Play = () => {
  const { told, tell, join, look } = stage(["z"]);
  const [one, two] = [join(), join()];
  return {
    threads: [
      () => {
        tell(one, "a");
        tell(one, "b");
      },
      () => {
        const before = two.size;
        const id = two.lookup("b");
        if (id !== undefined) {
          assert.equal(two.resolve(id), "b");
          assert.equal(told.get("b") ?? id, id);
        }
        assert.ok(two.size >= Math.max(before, id ?? 0));
        for (let each = 1; each <= before; each++) assert.equal(two.lookup(two.resolve(each as StringId)), each);
      },
    ],
    check() {
      look();
    },
  };
};
