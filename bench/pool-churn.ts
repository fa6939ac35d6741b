/**
 * A million records live, and random ones of them are replaced all the time: what does the collector do to plain objects, and to a pool?
 *
 * Each side runs in a process of its own, and replaces 4 million records of a million that stay, in the same random order. Memory is what the
 * process has more at the end than before it began; the pause is the longest that the engine reports. What an object costs depends on the rest
 * of the program's heap: this one has no rest.
 */
import { f32, type Handle, pool, struct, u8, u32 } from "../src/index.ts";
import { childTasks, memoryOf, observePauses, option, report } from "./harness.ts";

const LIVE = option("live", 1_000_000);
const REPLACED = option("replaced", 4_000_000);

const Particle = struct("Particle", { x: f32, y: f32, vx: f32, vy: f32, hp: u32, team: u8 });

interface Churn {
  readonly nsPerRecord: number;
  readonly longestPauseMs: number;
  readonly byteLength: number;
  readonly sum: number;
}

/** The same pseudo-random places on both sides (xorshift). */
function places(): () => number {
  let state = 0x9e37_79b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % LIVE;
  };
}

async function measured(work: () => number): Promise<Churn> {
  const before = memoryOf("self", { detailed: false }).rss;
  const observed = observePauses();
  const started = performance.now();
  const sum = work();
  const elapsedMs = performance.now() - started;
  const { longestMs } = await observed();
  const byteLength = memoryOf("self", { detailed: false }).rss - before;
  return { nsPerRecord: (elapsedMs * 1e6) / (LIVE + REPLACED), longestPauseMs: longestMs, byteLength, sum };
}

const child = await childTasks(import.meta.url, {
  objects: (_: null) =>
    measured(() => {
      const next = places();
      const held: { x: number; y: number; vx: number; vy: number; hp: number; team: number; name: string }[] = [];
      for (let k = 0; k < LIVE; k++) held.push({ x: k, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1, name: `particle ${k}` });
      for (let k = 0; k < REPLACED; k++) held[next()] = { x: k, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1, name: `particle ${k}` };
      return held.reduce((sum, { hp }) => sum + hp, 0);
    }),
  lean: (_: null) =>
    measured(() => {
      const next = places();
      const held: { x: number; y: number; vx: number; vy: number; hp: number; team: number }[] = [];
      for (let k = 0; k < LIVE; k++) held.push({ x: k + 0.5, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1 });
      for (let k = 0; k < REPLACED; k++) held[next()] = { x: k + 0.5, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1 };
      return held.reduce((sum, { hp }) => sum + hp, 0);
    }),
  pooled: (_: null) =>
    measured(() => {
      const next = places();
      const particles = pool(Particle, { capacity: LIVE });
      const held = new Float64Array(LIVE);
      const fill = (k: number): Handle<typeof Particle> => {
        const handle = particles.add();
        const particle = particles.uncheckedGet(handle);
        particle.x = k + 0.5;
        particle.y = 1.5;
        particle.vx = 2.5;
        particle.vy = 3.5;
        particle.hp = k;
        particle.team = 1;
        return handle;
      };
      for (let k = 0; k < LIVE; k++) held[k] = fill(k);
      for (let k = 0; k < REPLACED; k++) {
        const place = next();
        particles.remove(held[place] as Handle<typeof Particle>);
        held[place] = fill(k);
      }
      let sum = 0;
      for (const handle of held) sum += particles.get(handle as Handle<typeof Particle>).hp;
      return sum;
    }),
});

const bench = "pool-churn";
const { result: ours } = await child.run("pooled", null);
const { result: lean } = await child.run("lean", null);
const { result: named } = await child.run("objects", null);
if (ours.sum !== lean.sum || ours.sum !== named.sum) throw new Error("the sides do not hold the same records");
for (const [peerName, peer] of [
  ["object literals", lean],
  ["object literals with a name", named],
] as const) {
  report({ bench, case: "one record replaced", unit: "ns", ours: ours.nsPerRecord, peer: peer.nsPerRecord, peerName });
  report({ bench, case: "longest collection pause", unit: "ms", ours: ours.longestPauseMs, peer: peer.longestPauseMs, peerName });
  report({
    bench,
    case: "memory of a million records",
    unit: "MB",
    ours: ours.byteLength / 1e6,
    peer: peer.byteLength / 1e6,
    peerName,
  });
}
