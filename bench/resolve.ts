/**
 * From an id to its string: one that was seen lately, and a cold one beside the decoding alone; and opening a frozen interner in a file.
 *
 * Strings of 4 to 31 ASCII bytes; "decoding alone" is Node's own `utf8Slice` of the same bytes, whose places are known, and `latin1Slice`, the fastest there is, for text
 * that is known to be Latin-1. Cold ids are resolved in random order out of a million, so nearly all miss the cache of recent strings, and most of the time is spent waiting for
 * memory: decoding alone waits once, `resolve` twice, because where a string lies must be looked up first; `resolveAll` waits for many at once, and is given 1000 ids a call.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { bump, freezeInterner, interner, MiB, privateMemory, type StringId, sharedInterner, sharedMemory } from "../src/index.ts";
import { openDictionary, openInterner, writeDictionary } from "../src/mapped/index.ts";
import { interleave, report, scratchFolder, sink } from "./harness.ts";

const COUNT = 1_000_000;
const RECENT = 200;
const LOOKS = 100_000;
const AT_ONCE = 1000;
const bench = "resolve";

const texts = Array.from({ length: COUNT }, (_, n) => `${n}/`.padEnd(4 + (Math.imul(n, 0x9e37_79b1) >>> 27), "name"));
const local = interner(privateMemory(0, { maxByteLength: MiB(256) }));
const shared = sharedInterner(sharedMemory(MiB(256)));
for (const text of texts) {
  local.intern(text);
  shared.intern(text);
}
const frozen = freezeInterner(local, bump(privateMemory(MiB(128))));
const kinds = { interner: local, "shared interner": shared, dictionary: frozen };

const recent = Uint32Array.from({ length: LOOKS }, (_, n) => 1 + ((n * 7) % RECENT));
const cold = Uint32Array.from({ length: LOOKS }, () => 1 + Math.floor(Math.random() * COUNT));
const atOnce = Array.from({ length: LOOKS / AT_ONCE }, (_, part) => cold.subarray(part * AT_ONCE, (part + 1) * AT_ONCE));
/** With the fastest of what a Buffer offers, which its type does not tell of. */
type Sliced = Buffer & Record<"utf8Slice" | "latin1Slice", (start: number, end: number) => string>;

for (const [name, strings] of Object.entries(kinds)) {
  const starts = Float64Array.from(cold, (id) => strings.byteOffsetOf(id as StringId));
  const ends = Float64Array.from(cold, (id, at) => starts[at] + strings.byteLengthOf(id as StringId));
  const bytes = Buffer.from(strings.memory.buffer as ArrayBuffer) as Sliced;
  const resolveEach = (ids: Uint32Array) => {
    let length = 0;
    for (let at = 0; at < ids.length; at++) length += strings.resolve(ids[at] as StringId).length;
    return length;
  };
  const timings = interleave(
    {
      recent: () => resolveEach(recent),
      cold: () => resolveEach(cold),
      all: () => {
        let length = 0;
        for (const ids of atOnce) for (const text of strings.resolveAll(ids)) length += text.length;
        return length;
      },
      utf8: () => {
        let length = 0;
        for (let at = 0; at < LOOKS; at++) length += bytes.utf8Slice(starts[at], ends[at]).length;
        return length;
      },
      latin1: () => {
        let length = 0;
        for (let at = 0; at < LOOKS; at++) length += bytes.latin1Slice(starts[at], ends[at]).length;
        return length;
      },
    },
    { operations: LOOKS, rounds: 9, roundMs: 1, warmupRounds: 3 },
  );
  report({ bench, case: `${name}, a recent id`, unit: "ns", ours: timings.recent.bestNs });
  for (const [what, ours] of [
    ["a cold id", timings.cold.bestNs],
    ["cold ids, all at once", timings.all.bestNs],
  ] as const) {
    const told = { bench, case: `${name}, ${what}`, unit: "ns", ours } as const;
    report({ ...told, peer: timings.utf8.bestNs, peerName: "decoding alone" });
    report({ ...told, peer: timings.latin1.bestNs, peerName: "as Latin-1" });
  }
}
sink(texts);

const folder = scratchFolder();
const path = join(folder, "words");
const many = interner(privateMemory(0, { maxByteLength: MiB(400) }));
for (let n = 0; n < 2_000_000; n++) many.intern(`a name of some length ${n}`);
writeDictionary(path, many);
const live = join(folder, "live");
{
  using names = openInterner(live);
  for (let n = 0; n < 500_000; n++) names.intern(`a name of some length ${n}`);
}
const megabytes = (file: string): string => `${Math.round(statSync(file).size / 1e6)} MB`;
const opening = interleave(
  {
    dictionary: () => {
      using words = openDictionary(path);
      return words.resolve(1_234_567 as StringId);
    },
    interner: () => {
      using names = openInterner(live);
      return names.resolve(123_456 as StringId);
    },
  },
  { operations: 1, rounds: 20, roundMs: 1, warmupRounds: 3 },
);
report({
  bench,
  case: `opening a dictionary of ${megabytes(path)} and resolving`,
  unit: "µs",
  ours: opening.dictionary.bestNs / 1000,
});
report({
  bench,
  case: `opening an interner of ${megabytes(live)} and resolving`,
  unit: "µs",
  ours: opening.interner.bestNs / 1000,
});
