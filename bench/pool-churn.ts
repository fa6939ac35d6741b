/**
 * A million records live, and random ones of them are replaced all the time: what does the collector do to plain objects, and to a pool?
 *
 * Each side runs in a process of its own, three times in turn, of which the least figures count, and replaces 4 million records of a million that stay: in the same random order, or always the oldest, as
 * sessions and particles end. Memory is what the process had at most, less what it had before it began; the pause is the longest that the engine reports,
 * and begins to count once a hundred thousand records were replaced, when the code has been compiled. What an object costs depends on the rest of the
 * program's heap: this one has no rest. Random places of a million records are in no cache, so most of what the pool's side costs there is waiting for memory.
 * A record has 21 bytes, and a number more in the array of handles; an object of six numbers has some 180, and those that the collector has not found yet.
 *
 * "views of places" writes the fields of a record through `Particle.in(memory).at(pool.ptrOf(handle))`, "add({ … })" hands them over in an object.
 */
import { f32, type Handle, type Pool, pool, struct, u8, u32 } from "../src/index.ts";
import { childTasks, memoryOf, observePauses, option, report } from "./harness.ts";

const LIVE = option("live", 1_000_000);
const REPLACED = option("replaced", 4_000_000);
const ROUNDS = option("rounds", 3);

const Particle = struct("Particle", { x: f32, y: f32, vx: f32, vy: f32, hp: u32, team: u8 });

type Order = "random" | "oldest first";

interface Churn {
  readonly nsPerRecord: number;
  readonly longestPauseMs: number;
  readonly byteLength: number;
  readonly sum: number;
}

/** The same places on both sides: one after the other, or pseudo-random ones (xorshift). */
function places(order: Order): () => number {
  let state = 0x9e37_79b9;
  if (order === "oldest first") {
    let next = LIVE - 1;
    return () => {
      next = next + 1 === LIVE ? 0 : next + 1;
      return next;
    };
  }
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % LIVE;
  };
}

/** What `replace` does a hundred thousand times before anything is measured but memory. */
const WARMUP = 100_000;

async function measured(fill: (k: number) => void, replace: (from: number, to: number) => void, sum: () => number): Promise<Churn> {
  const before = memoryOf("self", { detailed: false }).rss;
  for (let k = 0; k < LIVE; k++) fill(k);
  replace(0, WARMUP);
  const observed = observePauses();
  const started = performance.now();
  replace(WARMUP, WARMUP + REPLACED);
  const elapsedMs = performance.now() - started;
  const { longestMs } = await observed();
  const byteLength = memoryOf("self", { detailed: false }).peakRss - before;
  return { nsPerRecord: (elapsedMs * 1e6) / REPLACED, longestPauseMs: longestMs, byteLength, sum: sum() };
}

const child = await childTasks(import.meta.url, {
  named: (order: Order) => {
    const next = places(order);
    const held: { x: number; y: number; vx: number; vy: number; hp: number; team: number; name: string }[] = [];
    return measured(
      (k) => held.push({ x: k + 0.5, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1, name: `particle ${k}` }),
      (from, to) => {
        for (let k = from; k < to; k++)
          held[next()] = { x: k + 0.5, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1, name: `particle ${k}` };
      },
      () => held.reduce((sum, { hp }) => sum + hp, 0),
    );
  },
  objects: (order: Order) => {
    const next = places(order);
    const held: { x: number; y: number; vx: number; vy: number; hp: number; team: number }[] = [];
    return measured(
      (k) => held.push({ x: k + 0.5, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1 }),
      (from, to) => {
        for (let k = from; k < to; k++) held[next()] = { x: k + 0.5, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1 };
      },
      () => held.reduce((sum, { hp }) => sum + hp, 0),
    );
  },
  literals: (order: Order) => {
    const next = places(order);
    const particles = pool(Particle, { capacity: LIVE });
    const held = new Float64Array(LIVE);
    const literal = (k: number) => particles.add({ x: k + 0.5, y: 1.5, vx: 2.5, vy: 3.5, hp: k, team: 1 });
    return measured(
      (k) => {
        held[k] = literal(k);
      },
      (from, to) => {
        for (let k = from; k < to; k++) {
          const place = next();
          particles.remove(held[place] as Handle<typeof Particle>);
          held[place] = literal(k);
        }
      },
      () => sumOf(particles, held),
    );
  },
  placed: (order: Order) => {
    const next = places(order);
    const particles = pool(Particle, { capacity: LIVE });
    const held = new Float64Array(LIVE);
    const here = Particle.in(particles.memory);
    const placed = (k: number) => {
      const handle = particles.add();
      const particle = here.at(particles.ptrOf(handle));
      particle.x = k + 0.5;
      particle.y = 1.5;
      particle.vx = 2.5;
      particle.vy = 3.5;
      particle.hp = k;
      particle.team = 1;
      return handle;
    };
    return measured(
      (k) => {
        held[k] = placed(k);
      },
      (from, to) => {
        for (let k = from; k < to; k++) {
          const place = next();
          particles.remove(held[place] as Handle<typeof Particle>);
          held[place] = placed(k);
        }
      },
      () => sumOf(particles, held),
    );
  },
});

function sumOf(particles: Pool<typeof Particle>, held: Float64Array): number {
  let sum = 0;
  for (const handle of held) sum += particles.get(handle as Handle<typeof Particle>).hp;
  return sum;
}

type Side = "placed" | "literals" | "objects" | "named";

/** Each side in turn, again and again; of each the figures of the turn that was least disturbed. */
async function bestOf(order: Order, rounds: number): Promise<Record<Side, Churn>> {
  const best: Partial<Record<Side, Churn>> = {};
  const run = async (side: Side): Promise<Churn> => {
    const { result: now } = await child.run(side, order);
    const before = best[side] ?? now;
    const least = (figure: "nsPerRecord" | "longestPauseMs" | "byteLength"): number => Math.min(before[figure], now[figure]);
    const kept = {
      nsPerRecord: least("nsPerRecord"),
      longestPauseMs: least("longestPauseMs"),
      byteLength: least("byteLength"),
      sum: now.sum,
    };
    best[side] = kept;
    return kept;
  };
  for (let round = 1; round < rounds; round++) {
    for (const side of ["placed", "objects", "literals", "named"] as const) await run(side);
  }
  return { placed: await run("placed"), objects: await run("objects"), literals: await run("literals"), named: await run("named") };
}

const bench = "pool-churn";
for (const order of ["random", "oldest first"] as const) {
  const { placed, literals, objects, named } = await bestOf(order, ROUNDS);
  for (const { sum } of [literals, objects, named])
    if (sum !== placed.sum) throw new Error("the sides do not hold the same records");
  for (const [peerName, peer] of [
    ["object literals", objects],
    ["object literals with a name", named],
  ] as const) {
    const row = (what: string, unit: string, ours: number, theirs: number) =>
      report({ bench, case: `${order}: ${what}`, unit, ours, peer: theirs, peerName });
    row("one replaced, views of places", "ns", placed.nsPerRecord, peer.nsPerRecord);
    row("one replaced, add({ … })", "ns", literals.nsPerRecord, peer.nsPerRecord);
    row("longest collection pause", "ms", placed.longestPauseMs, peer.longestPauseMs);
    row("longest pause, add({ … })", "ms", literals.longestPauseMs, peer.longestPauseMs);
    row("memory of a million records", "MB", placed.byteLength / 1e6, peer.byteLength / 1e6);
  }
}
