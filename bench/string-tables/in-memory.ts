import { hashTable, privateMemory, text, u32 } from "../../src/index.ts";
import { interleave, type Timing, timed } from "../harness.ts";
import { MANY, nameOf, parts, readCharacters, WINDOW, windowed } from "./keys.ts";

const LOOKUPS = 200_000;

export function hits({ count }: { count: number }): Record<string, Timing> {
  const names = Array.from({ length: count }, (_, index) => nameOf(index));
  const memory = privateMemory(0, { maxByteLength: 1024 ** 2 + count * 200 });
  const table = hashTable({ key: text, value: u32, memory });
  const map = new Map<string, number>();
  names.forEach((name, index) => {
    table.set(name, index);
    map.set(name, index);
  });
  const order = Uint32Array.from({ length: LOOKUPS }, () => Math.floor(Math.random() * count));
  const encoder = new TextEncoder();
  const encoded = Array.from(order, (index) => encoder.encode(names[index]));
  const bytes = Buffer.concat(encoded);
  const ends: number[] = [];
  for (const part of encoded) ends.push((ends.at(-1) ?? 0) + part.length);
  const sum = (get: (name: string) => number | undefined, nameAt: (at: number) => string) =>
    windowed(LOOKUPS, (from, end) => {
      let total = 0;
      for (let at = from; at < end; at++) total += get(nameAt(at)) ?? -1;
      return total;
    });
  const sameName = (at: number) => names[order[at]];
  const sameParts = parts(Array.from(order, (index) => names[index]));
  const endParts = parts(ends).map((part) => Uint32Array.from(part));
  const startOf = (at: number): number => (at === 0 ? 0 : ends[at - 1]);
  const freshName = (at: number) => bytes.toString("latin1", startOf(at), ends[at]);
  return interleave(
    {
      characters: sum(readCharacters, sameName),
      same: sum((name) => table.get(name), sameName),
      "Map, same": sum((name) => map.get(name), sameName),
      fresh: sum((name) => table.get(name), freshName),
      "Map, fresh": sum((name) => map.get(name), freshName),
      bytes: windowed(LOOKUPS, (from, last) => {
        let [total, start] = [0, startOf(from)];
        for (let at = from; at < last; start = ends[at++]) total += table.getFromBytes(bytes, start, ends[at]) ?? -1;
        return total;
      }),
      "same, getMany": windowed(LOOKUPS, (from, last) => {
        let total = 0;
        for (let at = from; at < last; at += MANY) for (const value of table.getMany(sameParts[at / MANY])) total += value ?? -1;
        return total;
      }),
      "bytes, getMany": windowed(LOOKUPS, (from, last) => {
        let total = 0;
        for (let at = from; at < last; at += MANY)
          for (const value of table.getManyFromBytes(bytes, endParts[at / MANY], startOf(at))) total += value ?? -1;
        return total;
      }),
      "Map, bytes": sum(
        (name) => map.get(name),
        (at) => bytes.toString("utf8", startOf(at), ends[at]),
      ),
    },
    { operations: WINDOW, rounds: 60, roundMs: 1, warmupRounds: 10 },
  );
}

export function inserting({ count }: { count: number }): Record<string, number> {
  const names = Array.from({ length: count }, (_, index) => nameOf(index));
  let [longest, bytes] = [0, 0];
  const ours = () => {
    using table = hashTable({ key: text, value: u32, memory: privateMemory(0, { maxByteLength: 1024 ** 2 + count * 200 }) });
    longest = 0;
    const ms = timed(() => {
      for (let from = 0; from < count; from += 256) {
        const started = performance.now();
        for (let index = from; index < Math.min(count, from + 256); index++) table.set(names[index], index);
        longest = Math.max(longest, performance.now() - started);
      }
    });
    bytes = table.stats().byteLength / count;
    return (ms * 1e6) / count;
  };
  const theirs = () => {
    const map = new Map<string, number>();
    const ms = timed(() => {
      for (let index = 0; index < count; index++) map.set(names[index], index);
    });
    return (ms * 1e6) / count;
  };
  const [first, mapFirst] = [ours(), theirs()];
  let [best, mapBest] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < Math.max(2, Math.min(20, 1_000_000 / count)); round++) {
    best = Math.min(best, ours());
    mapBest = Math.min(mapBest, theirs());
  }
  return { ours: best, map: mapBest, first, mapFirst, longest, bytes };
}
