/**
 * What does a field cost that is read through a view or a cursor, instead of an index into a typed array worked out by hand?
 *
 * 2000 records of 40 bytes, so that they lie in the second cache: with more of them memory is what both sides wait for, and every ratio
 * goes to 1. A hand-written loop gets its typed array as an argument, as ours gets its cursor. V8 does not compile the same loop
 * equally well every time, so each is there five times, as copies made from its source text, and the best copy's fastest round counts;
 * the medians are over all rounds of all copies.
 *
 * The columns are typed arrays on both sides: what is asked is whether one that comes from a Memory is like any other.
 */
import { kernel, privateMemory, type ViewOf } from "../src/index.ts";
import { interleave, report } from "./harness.ts";
import * as loops from "./struct-access/loops.ts";
import { BASE, COUNT, FIVE_CURSORS, FIVE_WORDS, MEMORY, NESTED, PARTICLES, Particle } from "./struct-access/records.ts";

const COPIES = 5;
/** After this many calls V8 has compiled a loop with its best compiler, whichever of its versions it is. */
const WARMUP_CALLS = 1000;

type Loop = () => unknown;

/** A loop with its arguments. Each call gives another copy of it. */
function loop<Rows extends object, Rest extends readonly unknown[]>(
  body: (rows: Rows, ...rest: Rest) => unknown,
  rows: Rows,
  ...rest: Rest
): () => Loop {
  return () => {
    const copy = kernel(body);
    return () => copy(rows, ...rest);
  };
}

function compare(what: string, ours: () => Loop, peerName: string, peer: () => Loop, operations = COUNT, unit = "ns/record"): void {
  const cases: Record<string, Loop> = {};
  for (let copy = 0; copy < COPIES; copy++) {
    cases[`ours ${copy}`] = ours();
    cases[`peer ${copy}`] = peer();
  }
  for (let calls = 0; calls < WARMUP_CALLS; calls++) for (const name in cases) cases[name]();
  const timings = Object.entries(interleave(cases, { operations, roundMs: 3, rounds: 25, warmupRounds: 4 }));
  const of = (side: string) => {
    const rounds = timings.flatMap(([name, { roundsNs }]) => (name.startsWith(side) ? roundsNs : [])).sort((a, b) => a - b);
    return { best: rounds[0], median: rounds[rounds.length >> 1] };
  };
  const [our, their] = [of("ours"), of("peer")];
  const note = `medians ${our.median.toPrecision(3)} and ${their.median.toPrecision(3)}`;
  report({ bench: "struct-access", case: what, unit, ours: our.best, peer: their.best, peerName, note });
}

const { f32 } = MEMORY;
const word = BASE / 4;
const rawSum = loop(loops.sumByWords, f32, word, COUNT);
const rawMove = loop(loops.moveByWords, f32, word, COUNT);
const particles = Particle.in(MEMORY);

compare("sum of a field, rows.at(i)", loop(loops.sumByRows, PARTICLES), "typed array", rawSum);
compare("sum of a field, rows.seek(i)", loop(loops.sumBySeeking, PARTICLES), "typed array", rawSum);
compare("sum of a field, Particle.in(memory).at(ptr)", loop(loops.sumByViews, particles, BASE, COUNT), "typed array", rawSum);
compare("update of two fields, rows.at(i)", loop(loops.moveByRows, PARTICLES), "typed array", rawMove);
compare("update of two fields, rows.seek(i)", loop(loops.moveBySeeking, PARTICLES), "typed array", rawMove);
compare(
  "update of two fields, Particle.in(memory).at(ptr)",
  loop(loops.moveByViews, particles, BASE, COUNT),
  "typed array",
  rawMove,
);
compare("update of structs in the struct, rows.at(i)", loop(loops.moveNested, NESTED), "typed array", rawMove);

const inTurn = (work: readonly Loop[]) => () => {
  for (const each of work) each();
};
const five = COUNT * FIVE_CURSORS.length;
const rawFive = () => inTurn(FIVE_WORDS.map((first) => loop(loops.sumByWords, f32, first, COUNT)()));
const oneKernel = () => {
  const sum = kernel(loops.sumByRows);
  return inTurn(FIVE_CURSORS.map((rows) => () => sum(rows)));
};
const oneFunction = () => inTurn(FIVE_CURSORS.map((rows) => () => loops.sumByRows(rows)));
compare("sum of a field, five types, one kernel", oneKernel, "typed array, five loops", rawFive, five);
compare("sum of a field, five types, one plain function", oneFunction, "typed array, five loops", rawFive, five);

const lease = MEMORY.openLease("bench");
const kept: ViewOf<typeof Particle>[] = [];
const objects: ViewOf<typeof Particle>[] = [];
for (let i = 0; i < COUNT; i++) {
  kept.push(Particle.view(lease, BASE + i * Particle.byteSize));
  objects.push({ ...Particle.read(MEMORY, BASE + i * Particle.byteSize), path: kept[i].path });
}
compare(
  "sum of a field, leased views in an array",
  loop(loops.sumOfArray, kept),
  "objects in an array",
  loop(loops.sumOfArray, objects),
);
compare(
  "update of two fields, leased views in an array",
  loop(loops.moveArray, kept),
  "objects in an array",
  loop(loops.moveArray, objects),
);

const LONG = 4096;
using columns = privateMemory(2 * LONG * 8);
const column = columns.slice("f64", LONG * 8, LONG);
const plain = new Float64Array(LONG);
for (let i = 0; i < LONG; i++) plain[i] = column[i] = (i % 7) + 0.25;
compare("sum of a column", loop(loops.sumOfColumn, column), "Float64Array", loop(loops.sumOfColumn, plain), LONG, "ns/element");
compare("update of a column", loop(loops.scaleColumn, column), "Float64Array", loop(loops.scaleColumn, plain), LONG, "ns/element");
