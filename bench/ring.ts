/**
 * How long does it take to pass an item from one thread to another?
 *
 * The main thread writes, a worker reads, on two processors; figures are nanoseconds for an item, both sides working at once, the best of some rounds in which ours and
 * the peers take turns. ringbuf.js is the ring that web audio programs use; the C++ ring pushes one number at a time. Records are written and read in place. Messages are
 * copied in and looked at where they lie; the peer is that copy alone, in one thread, which nothing that goes to another processor can reach. crossbeam is Rust's; its threads
 * look again and give way, which JavaScript cannot; ours look again, or sleep.
 *
 * What bounds each row. In batches: lines, which go from one processor to the other in 50 to 100 ns, 3 to 6 ns for each of 16 numbers, whoever copies them; so ringbuf.js is level
 * from 64 at once on. One at a time: the one locked instruction with which an item is told, 10 to 12 ns in JavaScript, which waits for those lines: docs/decisions/0053. Messages:
 * 43 ns to write one of 16 bytes and 16 to read it in one thread, 25 to write where 64 go together; the rest is that both are in the same lines of states, and the processor that reads
 * fetches lines ahead that the other is about to write. Queues: two compare-and-swaps for a push and for a pop, 83 ns for both in one thread, 18 where 64 go together, and the scheduler: with more threads than
 * processors one that loses its processor holds up the others for a slice (docs/decisions/0054). These workers pass items to themselves before they are measured.
 * Both processors may be far apart or near: that alone changes all figures twofold, so trust ratios. On a machine with one processor to spare they mean nothing.
 */
import { option, report } from "./harness.ts";
import { buildCrossbeamQueue, buildRing, type Native, runNative } from "./native/build.ts";
import { crowd } from "./ring/crowd.ts";
import { race } from "./ring/race.ts";
import { WORDS } from "./ring/record.ts";
import { copies, messages, numbers, ports, posts, pushes, records, ringbufJs } from "./ring/ways.ts";

const ITEMS = option("items", 1_000_000);
const ROUNDS = option("rounds", 15);
const [SOME, FEW] = [Math.ceil(ITEMS / 5), Math.ceil(ITEMS / 50)];
const bench = "ring";

/** What a native program measures; never the best where it could not be built. */
const native =
  (program: Native, args: readonly number[]): (() => number) =>
  () =>
    "missing" in program ? Number.POSITIVE_INFINITY : runNative<{ nsPerItem: number }>(program, args).nsPerItem;

function compare(what: string, ours: number, peer: number, peerName: string, bar?: string): void {
  const told = bar === undefined ? {} : { note: `the bar is ${bar}` };
  const missing = peer === Number.POSITIVE_INFINITY;
  if (missing) report({ bench, case: what, unit: "ns", ours, note: `nothing beside it: ${peerName} is not here` });
  else report({ bench, case: what, unit: "ns", ours, peer, peerName, ...told });
}

const cpp = buildRing();
const words = await race(
  {
    few: numbers(8, SOME),
    fewRival: ringbufJs(1, 8, SOME),
    some: numbers(64, SOME),
    someRival: ringbufJs(1, 64, SOME),
    many: numbers(1024, ITEMS),
    manyRival: ringbufJs(1, 1024, ITEMS),
    cpp: native(cpp, [ITEMS]),
    told: pushes(64, ITEMS),
    one: numbers(1, SOME),
    oneRival: ringbufJs(1, 1, SOME),
    posted: posts((at) => at, FEW),
  },
  ROUNDS,
);
compare("u32, 8 at once", words.few, words.fewRival, "ringbuf.js", "5");
compare("u32, 64 at once", words.some, words.someRival, "ringbuf.js", "5");
compare("u32, 1024 at once", words.many, words.manyRival, "ringbuf.js", "5");
compare("u32, 1024 at once", words.many, words.cpp, "C++, one at a time", "1");
compare("u32, told 64 at once", words.told, words.cpp, "C++, one at a time", "1");
compare("u32, one at a time", words.one, words.oneRival, "ringbuf.js", "5");
compare("u32, one at a time", words.one, words.posted, "postMessage of a number", "20");

const small = (at: number) => ({ id: at, name: "tick", price: 1.5 });
const records64 = await race(
  {
    few: records(8, SOME),
    fewRival: ringbufJs(WORDS, 8, SOME),
    many: records(64, SOME),
    manyRival: ringbufJs(WORDS, 64, SOME),
    one: records(1, SOME),
    oneRival: ringbufJs(WORDS, 1, SOME),
    posted: posts(small, FEW),
    channel: ports(small, FEW),
  },
  ROUNDS,
);
compare("64-byte records, 8 at once", records64.few, records64.fewRival, "ringbuf.js", "5");
compare("64-byte records, 64 at once", records64.many, records64.manyRival, "ringbuf.js", "5");
compare("64-byte records, one at a time", records64.one, records64.oneRival, "ringbuf.js", "5");
compare("64-byte records, one at a time", records64.one, records64.posted, "postMessage of an object", "50");
compare("channel of small objects as JSON", records64.channel, records64.posted, "postMessage");

for (const byteLength of [16, 64, 256, 1024]) {
  const items = 64 * Math.ceil(SOME / 128);
  const { one, several, together, severalTogether, copy } = await race(
    {
      one: messages(byteLength, 1, 1, items),
      several: messages(byteLength, 1, 4, items),
      together: messages(byteLength, 64, 1, items),
      severalTogether: messages(byteLength, 64, 4, items),
      copy: () => copies(byteLength, items),
    },
    ROUNDS,
  );
  for (const [what, alone, among] of [
    ["", one, several],
    [", 64 at once", together, severalTogether],
  ] as const) {
    report({
      bench,
      case: `messages of ${byteLength} bytes${what}`,
      unit: "GB/s",
      ours: byteLength / alone,
      peer: byteLength / copy,
      peerName: "the copy alone",
      note: `${alone.toFixed(0)} ns each, ${among.toFixed(0)} in a ring for several producers; the copy takes ${copy.toFixed(0)}`,
    });
  }
}

const crossbeam = buildCrossbeamQueue();
const rust = "missing" in crossbeam ? crossbeam.missing : "crossbeam ArrayQueue";
for (const [what, kind, producers, consumers, batch] of [
  ["u32, 1 producer, 1 consumer: queue", "numbers", 1, 1, 1],
  ["u32, 2 producers, 1 consumer: queue", "numbers", 2, 1, 1],
  ["u32, 2 producers, 1 consumer, 64 at once: queue", "numbers", 2, 1, 64],
  ["u32, 2 producers, 2 consumers: queue", "numbers", 2, 2, 1],
  ["64 bytes, 1 producer, 1 consumer: messages", "messages", 1, 1, 1],
  ["64 bytes, 2 producers, 1 consumer: messages", "messages", 2, 1, 1],
] as const) {
  const party = { kind, producers, consumers, batch };
  const rounds = Math.ceil(ROUNDS / 3);
  const { spinning, sleeping } = await race(
    {
      spinning: () => crowd({ ...party, strategy: "spin" }, ITEMS),
      sleeping: () => crowd({ ...party, strategy: "park" }, ITEMS),
    },
    rounds,
  );
  if (producers === 1) report({ bench, case: what, unit: "ns", ours: spinning });
  else {
    const { peer } = await race({ peer: native(crossbeam, [ITEMS, consumers, kind === "numbers" ? 4 : 64]) }, rounds);
    compare(what, spinning, peer, rust);
  }
  report({ bench, case: `${what}, which sleep`, unit: "ns", ours: sleeping });
}
