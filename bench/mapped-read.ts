/**
 * Reading a file that lies in the page cache: mapped, and by the calls of node:fs that a program would use otherwise.
 *
 * All sum the file as 32-bit integers, 1 MiB in a call (the stream as it comes), by the same loop with four sums at once: a loop with one sum takes longer than
 * reading does, and hides it; a loop over all of the file in one call is judged by how well the engine replaces a loop while it runs, which is seldom.
 * The loops are compiled once a case, on arrays of one kind. Random reads take 8 bytes at offsets in an order without pattern. Last of all, a Memory
 * and a bare ArrayBuffer, both hot in the cache and both in the same loop: what going through `memory.i32` costs. `--mib=N` is the file's size.
 */
import { closeSync, createReadStream, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MiB, privateMemory, sharedMemory } from "offheap";
import { mapFile } from "offheap/mapped";
import { interleave, interleaveAsync, option, report, scratchFolder } from "./harness.ts";

const BYTES = MiB(option("mib", 1024));
const STEP = MiB(1);
const RANDOM_READS = 200_000;

const path = join(scratchFolder(), "numbers");
write(path);

using memory = mapFile(path);
memory.advise("sequential");
const reused = Buffer.alloc(STEP);
const words = new Int32Array(reused.buffer, reused.byteOffset, STEP / 4);
const fd = openSync(path, "r");

/** A loop of its own for each case, so that none makes another's polymorphic. `from` and `to` are a multiple of four. */
function sumLoop(): (array: Int32Array, from: number, to: number) => number {
  return new Function(`return (array, from, to) => {
    let a = 0, b = 0, c = 0, d = 0;
    for (let i = from; i < to; i += 4) {
      a = (a + array[i]) | 0;
      b = (b + array[i + 1]) | 0;
      c = (c + array[i + 2]) | 0;
      d = (d + array[i + 3]) | 0;
    }
    return (a + b + c + d) | 0;
  }`)();
}

const sumMapped = sumLoop();
const sumRead = sumLoop();
const sumStreamed = sumLoop();

const sequential = await interleaveAsync(
  {
    mapped: async () => {
      const { i32 } = memory;
      let sum = 0;
      for (let at = 0; at < BYTES / 4; at += STEP / 4) sum = (sum + sumMapped(i32, at, at + STEP / 4)) | 0;
      return sum;
    },
    readSync: async () => {
      let sum = 0;
      for (let at = 0; at < BYTES; at += STEP) {
        readSync(fd, reused, 0, STEP, at);
        sum = (sum + sumRead(words, 0, words.length)) | 0;
      }
      return sum;
    },
    stream: async () => {
      let sum = 0;
      for await (const chunk of createReadStream(path)) {
        sum = (sum + sumStreamed(new Int32Array(chunk.buffer, chunk.byteOffset, chunk.length / 4), 0, chunk.length / 4)) | 0;
      }
      return sum;
    },
  },
  { rounds: 5, warmupRounds: 3, roundMs: 1 },
);
const gigabytes = (ns: number): number => BYTES / ns;
const sum = `sum ${BYTES / MiB(1)} MiB`;
for (const [peer, name, bar] of [
  ["readSync", "readSync, 1 MiB reused", 1.4],
  ["stream", "createReadStream", 2.5],
] as const) {
  report({
    bench: "mapped-read",
    case: `${sum}, beside ${name}`,
    unit: "GB/s",
    ours: gigabytes(sequential.mapped.bestNs),
    peer: gigabytes(sequential[peer].bestNs),
    peerName: name,
    note: `${(sequential[peer].bestNs / sequential.mapped.bestNs).toFixed(2)} times as fast; the bar is ${bar}`,
  });
}

const places = Uint32Array.from({ length: RANDOM_READS }, (_, n) => (Math.imul(n, 2_654_435_761) >>> 0) % (BYTES / 8));
const eight = Buffer.alloc(8);
const number = new Float64Array(eight.buffer, eight.byteOffset, 1);
memory.advise("normal");
const random = interleave(
  {
    mapped: () => {
      const { f64 } = memory;
      let total = 0;
      for (let n = 0; n < RANDOM_READS; n++) total += f64[places[n]];
      return total;
    },
    readSync: () => {
      let total = 0;
      for (let n = 0; n < RANDOM_READS; n++) {
        readSync(fd, eight, 0, 8, places[n] * 8);
        total += number[0];
      }
      return total;
    },
  },
  { rounds: 5, warmupRounds: 6, operations: RANDOM_READS, roundMs: 1 },
);
report({
  bench: "mapped-read",
  case: "random reads of 8 bytes",
  unit: "ns",
  ours: random.mapped.bestNs,
  peer: random.readSync.bestNs,
  peerName: "readSync",
  note: `${(random.readSync.bestNs / random.mapped.bestNs).toFixed(0)} times as fast; the bar is 30`,
});
closeSync(fd);

const LENGTH = 65_536;
const bare = new Int32Array(new ArrayBuffer(LENGTH * 4));
const ours = { private: privateMemory(LENGTH * 4), shared: sharedMemory(LENGTH * 4), mapped: memory } as const;
const bareLoop = sumLoop();
for (const [home, through] of Object.entries(ours)) {
  const loop = sumLoop();
  const { bare: alone, memory: counted } = interleave(
    { bare: () => bareLoop(bare, 0, LENGTH), memory: () => loop(through.i32, 0, LENGTH) },
    { rounds: 21, operations: LENGTH, roundMs: 5 },
  );
  report({
    bench: "mapped-read",
    case: `an element through ${home} memory`,
    unit: "ns",
    ours: counted.bestNs,
    peer: alone.bestNs,
    peerName: "ArrayBuffer",
    note: `${(counted.bestNs / alone.bestNs).toFixed(3)} times its time; the bar is 1.02`,
  });
}

/** A file of numbers, which is in the page cache as most files are: because it was read. What was just written lies there in single pages, scattered. */
function write(to: string): void {
  const out = openSync(to, "w");
  const part = Buffer.from(Int32Array.from({ length: STEP / 4 }, (_, n) => Math.imul(n, 31)).buffer);
  for (let at = 0; at < BYTES; at += STEP) writeSync(out, part, 0, STEP, at);
  fsyncSync(out);
  closeSync(out);
  {
    using written = mapFile(to);
    written.populate();
    written.advise("pageOut");
  }
  const back = openSync(to, "r");
  for (let at = 0; at < BYTES; at += STEP) readSync(back, part, 0, STEP, at);
  closeSync(back);
}
