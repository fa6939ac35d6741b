/**
 * What do a handle and its check cost: adding and removing a record, and getting at one?
 *
 * 1000 records of 24 bytes are held; they are replaced, and got, in one shuffled order. Each loop is a function of its own, as it would be in a
 * program. "new" is a class instance put in the place of another, which is what a pool replaces: its price includes the collector's, that of a few
 * thousand objects; with a million live ones see `pool-churn`. `object-pool` and `yapool` hand out objects that they keep; neither has handles.
 * Rust's slotmap runs in a process of its own, compiled with -O where rustc and Debian's librust-slotmap-dev are there.
 */
import { f32, type Handle, pool, struct, u8, u32 } from "../src/index.ts";
import { interleave, report, sink } from "./harness.ts";
import { rustSlotmap } from "./native/slotmap.ts";
import { poolPeers } from "./pool/peers.ts";

const Particle = struct("Particle", { x: f32, y: f32, vx: f32, vy: f32, hp: u32, team: u8 });
type ParticleHandle = Handle<typeof Particle>;

const HELD = 1000;
const OPTIONS = { roundMs: 5, rounds: 41, warmupRounds: 5, operations: HELD };

const order = Int32Array.from({ length: HELD }, (_, place) => place);
for (let place = HELD - 1, seed = 12_345; place > 0; place--) {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  const other = seed % (place + 1);
  [order[place], order[other]] = [order[other], order[place]];
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
const here = Particle.in(wide.memory);
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

function replaceFilled(): void {
  for (let k = 0; k < HELD; k++) {
    const place = order[k];
    wide.remove(wideHandles[place] as ParticleHandle);
    const handle = wide.add();
    const view = here.at(wide.ptrOf(handle));
    view.x = k + 0.5;
    view.y = 1.5;
    view.vx = 2.5;
    view.vy = 3.5;
    view.hp = k;
    view.team = 1;
    wideHandles[place] = handle;
  }
}

function replaceLiterals(): void {
  for (let k = 0; k < HELD; k++) {
    const place = order[k];
    wide.remove(wideHandles[place] as ParticleHandle);
    wideHandles[place] = wide.add({ x: k + 0.5, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1 });
  }
}

function replaceObjects(): void {
  for (let k = 0; k < HELD; k++) objects[order[k]] = make(k);
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
const pairs = interleave({ replaceWide, replaceNarrow, replaceFilled, replaceLiterals, replaceObjects }, OPTIONS);
const gets = interleave({ getChecked, getUnchecked, getObjects }, OPTIONS);
const made = pairs.replaceObjects.bestNs;
report({ bench, case: "add + remove, wide handles", unit, ours: pairs.replaceWide.bestNs, peer: made, peerName: "new, collected" });
report({
  bench,
  case: "add + remove, narrow handles",
  unit,
  ours: pairs.replaceNarrow.bestNs,
  peer: made,
  peerName: "new, collected",
});
report({
  bench,
  case: "add + six fields + remove",
  unit,
  ours: pairs.replaceFilled.bestNs,
  peer: made,
  peerName: "new, collected",
});
report({
  bench,
  case: "add({ six fields }) + remove",
  unit,
  ours: pairs.replaceLiterals.bestNs,
  peer: made,
  peerName: "new, collected",
});
report({
  bench,
  case: "get and read a field",
  unit,
  ours: gets.getChecked.bestNs,
  peer: gets.getUnchecked.bestNs,
  peerName: "uncheckedGet",
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
