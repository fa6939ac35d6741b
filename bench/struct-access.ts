/**
 * What does a field cost that is read through a view or a cursor, instead of an index into a typed array worked out by hand?
 *
 * 2000 records of 40 bytes, so that they lie in the second cache: with more of them memory is what both sides wait for, and every ratio
 * goes to 1. The hand-written loops are functions of their typed array, as ours are functions of their cursor. "constant" means that
 * either is a constant of the module instead, which saves V8 a look at its kind in every round of the loop.
 *
 * The columns are typed arrays on both sides: what is asked is whether one that comes from a Memory is like any other.
 */
import { kernel, privateMemory, type ViewOf } from "../src/index.ts";
import { interleave, report } from "./harness.ts";
import * as loops from "./struct-access/loops.ts";
import {
  BASE,
  COUNT,
  FIVE_CURSORS,
  FIVE_WORDS,
  MEMORY,
  NESTED,
  PARTICLE_WORDS,
  PARTICLES,
  Particle,
} from "./struct-access/records.ts";

const OPTIONS = { roundMs: 5, rounds: 61, warmupRounds: 5 };
const { f32 } = MEMORY;
const WORD = BASE / 4;

/** After this many calls V8 has compiled a loop with its best compiler, whichever of its versions it is. */
const WARMUP_CALLS = 2000;

/**
 * The fastest of many short rounds on both sides: on a shared machine that is what the code costs, not what the neighbours do. The cases
 * are bound functions, so that V8 compiles each loop as a function of its arguments and not with their values.
 */
function compare(
  what: string,
  peerName: string,
  ours: () => unknown,
  peer: () => unknown,
  operations = COUNT,
  unit = "ns/record",
): void {
  for (let calls = 0; calls < WARMUP_CALLS; calls++) {
    ours();
    peer();
  }
  const timings = interleave({ ours, peer }, { ...OPTIONS, operations });
  const note = `medians ${timings.ours.medianNs.toPrecision(3)} and ${timings.peer.medianNs.toPrecision(3)}`;
  report({ bench: "struct-access", case: what, unit, ours: timings.ours.bestNs, peer: timings.peer.bestNs, peerName, note });
}

const words: [Float32Array, number, number] = [f32, WORD, COUNT];

compare("sum of a field, rows.at(i)", "typed array", loops.sumByRows.bind(null, PARTICLES), loops.sumByWords.bind(null, ...words));
compare(
  "sum of a field, rows.seek(i)",
  "typed array",
  loops.sumBySeeking.bind(null, PARTICLES),
  loops.sumByWords.bind(null, ...words),
);
compare(
  "sum of a field, Particle.in(memory).at(ptr)",
  "typed array",
  loops.sumByViews.bind(null, Particle.in(MEMORY), BASE, COUNT),
  loops.sumByWords.bind(null, ...words),
);
compare("sum of a field, rows.at(i), constant", "typed array, constant", loops.sumByConstantRows, loops.sumByConstantWords);
compare(
  "update of two fields, rows.at(i)",
  "typed array",
  loops.moveByRows.bind(null, PARTICLES),
  loops.moveByWords.bind(null, ...words),
);
compare(
  "update of two fields, rows.seek(i)",
  "typed array",
  loops.moveBySeeking.bind(null, PARTICLES),
  loops.moveByWords.bind(null, ...words),
);
compare(
  "update of two fields, Particle.in(memory).at(ptr)",
  "typed array",
  loops.moveByViews.bind(null, Particle.in(MEMORY), BASE, COUNT),
  loops.moveByWords.bind(null, ...words),
);
compare("update of two fields, rows.at(i), constant", "typed array, constant", loops.moveByConstantRows, loops.moveByConstantWords);
compare(
  "update of nested structs, rows.at(i)",
  "typed array",
  loops.moveNested.bind(null, NESTED),
  loops.moveByWords.bind(null, ...words),
);

const five = kernel(loops.sumOfAny);
const rawFive = FIVE_WORDS.map((word) => {
  const sum = kernel((floats: Float32Array, from: number, count: number, words: number) => {
    let total = 0;
    for (let i = 0; i < count; i++) total += floats[from + i * words];
    return total;
  });
  return () => sum(f32, word, COUNT, PARTICLE_WORDS);
});
const inTurn = (work: readonly (() => number)[]) => () => work.reduce((sum, each) => sum + each(), 0);
const ofFive = FIVE_CURSORS.map((rows) => () => five(rows));
compare(
  "sum of a field, five types, one kernel",
  "typed array, five loops",
  inTurn(ofFive),
  inTurn(rawFive),
  COUNT * FIVE_CURSORS.length,
);
const plainOfFive = FIVE_CURSORS.map((rows) => () => loops.sumOfAny(rows));
compare(
  "the same five, one function, no kernel",
  "typed array, five loops",
  inTurn(plainOfFive),
  inTurn(rawFive),
  COUNT * FIVE_CURSORS.length,
);

const lease = MEMORY.openLease("bench");
const kept: ViewOf<typeof Particle>[] = [];
const objects: { x: number; y: number }[] = [];
for (let i = 0; i < COUNT; i++) kept.push(Particle.view(lease, BASE + i * Particle.byteSize));
for (let i = 0; i < COUNT; i++) objects.push({ x: i % 7, y: 0 });
compare(
  "sum of a field, views that were kept",
  "objects",
  () => loops.sumByKeptViews(kept),
  () => loops.sumByObjects(objects),
);

const LONG = 4096;
using columns = privateMemory(2 * LONG * 8);
const column = columns.slice("f64", LONG * 8, LONG);
const plain = new Float64Array(LONG);
for (let i = 0; i < LONG; i++) plain[i] = column[i] = i % 7;
compare(
  "sum of a column",
  "Float64Array",
  () => loops.sumOfColumn(column),
  () => loops.sumOfPlainColumn(plain),
  LONG,
  "ns/element",
);
compare(
  "update of a column",
  "Float64Array",
  () => loops.scaleColumn(column),
  () => loops.scalePlainColumn(plain),
  LONG,
  "ns/element",
);
