import { type Memory, privateMemory } from "../../src/index.ts";
import { timed } from "../harness.ts";

/** A bijection of 32-bit integers, so that keys are scattered and differ. */
export function scattered(index: number): number {
  let word = Math.imul(index ^ (index >>> 16), 0x85eb_ca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2_ae35);
  return (word ^ (word >>> 16)) >>> 0;
}

/** What it took to fill a table. */
export interface Inserted {
  readonly ms: number;
  /** Of the longest wait for 256 inserts. */
  readonly longestMs: number;
}

/** Sets so many scattered keys of 31 bits. */
export function inserting(count: number, set: (key: number, value: number) => void): Inserted {
  let longestMs = 0;
  const ms = timed(() => {
    for (let from = 0; from < count; from += 256) {
      const started = performance.now();
      for (let index = from; index < Math.min(count, from + 256); index++) set(scattered(index) & 0x7fff_ffff, index);
      longestMs = Math.max(longestMs, performance.now() - started);
    }
  });
  return { ms, longestMs };
}

/** The best of several runs, each measure for itself. */
export function least(runs: readonly Inserted[]): Inserted {
  return { ms: Math.min(...runs.map(({ ms }) => ms)), longestMs: Math.min(...runs.map(({ longestMs }) => longestMs)) };
}

/** Room for a table of so many entries that grows in it. */
export function roomFor(count: number): Memory {
  return privateMemory(0, { maxByteLength: 1024 + count * 80 });
}
