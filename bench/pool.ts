/**
 * What do a handle and its check cost: adding and removing a record, and getting at one?
 *
 * 1000 records of 24 bytes are held; they are replaced, and got, in one shuffled order. Each loop is a function of its own, as it would be in a
 * program. `object-pool` pushes objects that it keeps on an array, and `yapool` links them; neither has handles, nor notices one that is given back twice.
 * Rust's slotmap runs in a process of its own, compiled with -O where rustc and Debian's librust-slotmap-dev are there.
 *
 * "new, collected" is a class instance put in the place of another, which is what a pool replaces, and its price is the collector's: so it is told for as
 * many live ones as the rows say, in a process each, as the mean of all rounds, collections included, and the best of three such processes. Of a thousand, almost all die young and cost
 * the collector next to nothing. What the bar is about are those that live long enough to be moved to the old generation: a hundred thousand, and in `pool-churn` a
 * million.
 */
import { f32, type Handle, pool, struct, u8, u32 } from "../src/index.ts";
import { childTasks, interleave, report, sink } from "./harness.ts";
import { rustSlotmap } from "./native/slotmap.ts";
import { poolPeers } from "./pool/peers.ts";

const Particle = struct("Particle", { x: f32, y: f32, vx: f32, vy: f32, hp: u32, team: u8 });
type ParticleHandle = Handle<typeof Particle>;

const HELD = 1000;
const LIVE = [1000, 10_000, 100_000];
const OPTIONS = { roundMs: 5, rounds: 41, warmupRounds: 5, operations: HELD };

const order = shuffled(HELD);

function shuffled(length: number): Int32Array {
  const places = Int32Array.from({ length }, (_, place) => place);
  for (let place = length - 1, seed = 12_345; place > 0; place--) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const other = seed % (place + 1);
    [places[place], places[other]] = [places[other], places[place]];
  }
  return places;
}

class Plain {
  x: number;
  y: number;
  vx: number;
  vy: number;
  hp: number;
  team: number;

  constructor(x: number, y: number, vx: number, vy: number, hp: number, team: number) {
    this.x = x;
    this.y = y;
    this.vx = vx;
    this.vy = vy;
    this.hp = hp;
    this.team = team;
  }
}

const make = (k: number): Plain => new Plain(k + 0.5, 1.5, 2.5, 3.5, k, 1);

using wide = pool(Particle);
using narrow = pool(Particle, { handles: "narrow" });
using read = pool(Particle);
const wideHandles = Float64Array.from(order, () => wide.add());
const narrowHandles = Uint32Array.from(order, () => narrow.add());
const readHandles = Float64Array.from(order, () => read.add({ hp: 1 }));
const objects = Array.from(order, make);

function replaceWide(): void {
  for (let k = 0; k < HELD; k++) {
    const place = order[k];
    wide.remove(wideHandles[place] as ParticleHandle);
    wideHandles[place] = wide.add();
  }
}

function replaceNarrow(): void {
  for (let k = 0; k < HELD; k++) {
    const place = order[k];
    narrow.remove(narrowHandles[place] as ParticleHandle);
    narrowHandles[place] = narrow.add();
  }
}

/** Six fields, written through a view of a place. */
function replaceFilled(live: number): () => void {
  const places = shuffled(live);
  const particles = pool(Particle, { capacity: live });
  const here = Particle.in(particles.memory);
  const handles = Float64Array.from(places, () => particles.add());
  return () => {
    for (let k = 0; k < live; k++) {
      const place = places[k];
      particles.remove(handles[place] as ParticleHandle);
      const handle = particles.add();
      const view = here.at(particles.ptrOf(handle));
      view.x = k + 0.5;
      view.y = 1.5;
      view.vx = 2.5;
      view.vy = 3.5;
      view.hp = k;
      view.team = 1;
      handles[place] = handle;
    }
  };
}

/** Six fields, handed over in an object. */
function replaceLiterals(live: number): () => void {
  const places = shuffled(live);
  const particles = pool(Particle, { capacity: live });
  const handles = Float64Array.from(places, () => particles.add());
  return () => {
    for (let k = 0; k < live; k++) {
      const place = places[k];
      particles.remove(handles[place] as ParticleHandle);
      handles[place] = particles.add({ x: k + 0.5, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1 });
    }
  };
}

function replaceObjects(live: number): () => unknown {
  const places = shuffled(live);
  const held = Array.from(places, make);
  return () => {
    for (let k = 0; k < live; k++) held[places[k]] = make(k);
    return held;
  };
}

/** Nanoseconds for each that is replaced, as the mean of all rounds. */
function meanOf(replace: () => unknown, live: number): number {
  const { roundsNs } = interleave({ replace }, { rounds: 15, roundMs: 40, warmupRounds: 4, operations: live }).replace;
  return roundsNs.reduce((sum, ns) => sum + ns, 0) / roundsNs.length;
}

function getChecked(): number {
  let sum = 0;
  for (let k = 0; k < HELD; k++) sum += read.get(readHandles[order[k]] as ParticleHandle).hp;
  return sum;
}

function getUnchecked(): number {
  let sum = 0;
  for (let k = 0; k < HELD; k++) sum += read.uncheckedGet(readHandles[order[k]] as ParticleHandle).hp;
  return sum;
}

function getObjects(): number {
  let sum = 0;
  for (let k = 0; k < HELD; k++) sum += objects[order[k]].hp;
  return sum;
}

const bench = "pool";
const unit = "ns";
const child = await childTasks(import.meta.url, {
  filled: (live: number) => meanOf(replaceFilled(live), live),
  literals: (live: number) => meanOf(replaceLiterals(live), live),
  objects: (live: number) => meanOf(replaceObjects(live), live),
});
const pairs = interleave({ replaceWide, replaceNarrow }, OPTIONS);
const gets = interleave({ getChecked, getUnchecked, getObjects }, OPTIONS);
report({ bench, case: "add + remove, wide handles", unit, ours: pairs.replaceWide.bestNs, note: "the bar is 12 ns" });
report({ bench, case: "add + remove, narrow handles", unit, ours: pairs.replaceNarrow.bestNs, note: "the bar is 12 ns" });
for (const live of LIVE) {
  let [objects, filled, literals] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < 3; turn++) {
    objects = Math.min(objects, (await child.run("objects", live)).result);
    filled = Math.min(filled, (await child.run("filled", live)).result);
    literals = Math.min(literals, (await child.run("literals", live)).result);
  }
  const row = { bench, unit, peer: objects, peerName: "new, collected" };
  const note = live < 100_000 ? {} : { note: "the bar is 3 times as fast" };
  report({ ...row, case: `${live.toLocaleString("en")} live: add + six fields + remove`, ours: filled, ...note });
  report({ ...row, case: `${live.toLocaleString("en")} live: add({ … }) + remove`, ours: literals });
}
report({
  bench,
  case: "get and read a field",
  unit,
  ours: gets.getChecked.bestNs,
  peer: gets.getUnchecked.bestNs,
  peerName: "uncheckedGet",
  note: "the bar is twice its time",
});
report({
  bench,
  case: "get and read a field",
  unit,
  ours: gets.getChecked.bestNs,
  peer: gets.getObjects.bestNs,
  peerName: "an object",
});

for (const { name, replace, reason } of await poolPeers(() => make(0), order)) {
  if (replace === undefined) {
    report({ bench, case: "add + remove", unit, ours: pairs.replaceWide.bestNs, note: `${name}: ${reason}` });
    continue;
  }
  const { theirs, ours } = interleave({ theirs: replace, ours: replaceWide }, OPTIONS);
  report({ bench, case: "add + remove", unit, ours: ours.bestNs, peer: theirs.bestNs, peerName: name });
}

const rust = rustSlotmap();
if (typeof rust === "string") {
  report({ bench, case: "add + remove", unit, ours: pairs.replaceWide.bestNs, note: `Rust slotmap: ${rust}` });
} else {
  report({ bench, case: "add + remove", unit, ours: pairs.replaceWide.bestNs, peer: rust.pairNs, peerName: "Rust slotmap" });
  report({ bench, case: "get and read a field", unit, ours: gets.getChecked.bestNs, peer: rust.getNs, peerName: "Rust slotmap" });
}
sink(objects);
