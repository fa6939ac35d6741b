// A simulation with many objects that come and go: the same frames with plain objects and with a pool, and what the collector does to each.
//
//   node .build/examples/particles.js [frames]
import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { f32, type Handle, pool, struct, u16 } from "offheap";
import colors from "picocolors";

const LIVE = 300_000;
const BORN_A_FRAME = 30_000;
const FRAMES = Number(process.argv[2] ?? 120);
const STEP = 1 / 60;

const Particle = struct("Particle", { x: f32, y: f32, vx: f32, vy: f32, life: f32, team: u16 });

/** One frame: everything moves, the oldest make room for new ones. */
type Frame = (number: number) => void;

function plainObjects(): Frame {
  const make = (seed: number) => ({ x: 0.5, y: 0.5, vx: seed + 0.25, vy: seed + 0.75, life: 1.5, team: seed & 1 });
  const particles = Array.from({ length: LIVE }, (_, seed) => make(seed));
  return (number) => {
    for (const p of particles) {
      p.x += p.vx * STEP;
      p.y += p.vy * STEP;
      p.life -= STEP;
    }
    for (let k = 0; k < BORN_A_FRAME; k++) particles[(number * BORN_A_FRAME + k) % LIVE] = make(k);
  };
}

function pooled(): Frame {
  const particles = pool(Particle, { capacity: LIVE });
  const birth = (seed: number) => particles.add({ x: 0.5, y: 0.5, vx: seed + 0.25, vy: seed + 0.75, life: 1.5, team: seed & 1 });
  const handles: Handle<typeof Particle>[] = Array.from({ length: LIVE }, (_, seed) => birth(seed));
  // Two functions: the engine inlines only so much into one, and what is inlined makes no garbage.
  const move = () => {
    for (let k = 0; k < LIVE; k++) {
      const p = particles.get(handles[k]);
      p.x += p.vx * STEP;
      p.y += p.vy * STEP;
      p.life -= STEP;
    }
  };
  const replace = (number: number) => {
    for (let k = 0; k < BORN_A_FRAME; k++) {
      const oldest = (number * BORN_A_FRAME + k) % LIVE;
      particles.remove(handles[oldest]);
      handles[oldest] = birth(k);
    }
  };
  return (number) => {
    move();
    replace(number);
  };
}

async function run(title: string, frame: Frame): Promise<void> {
  const collections: number[] = [];
  const observer = new PerformanceObserver((list) => collections.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ entryTypes: ["gc"] });
  const frames: number[] = [];
  for (let number = 0; number < FRAMES; number++) {
    const started = performance.now();
    frame(number);
    frames.push(performance.now() - started);
    await turn();
  }
  observer.disconnect();
  frames.sort((a, b) => a - b);
  const cells = [
    frames[FRAMES >> 1],
    frames[FRAMES - 1],
    collections.reduce((sum, ms) => sum + ms, 0),
    Math.max(0, ...collections),
  ];
  console.log(`${title.padEnd(16)}${cells.map((ms) => `${ms.toFixed(1)} ms`.padStart(14)).join("")}`);
}

console.log(
  colors.bold(
    `${LIVE.toLocaleString("en")} particles, ${BORN_A_FRAME.toLocaleString("en")} of them replaced in each of ${FRAMES} frames\n`,
  ),
);
console.log(
  colors.dim(
    `${"".padEnd(16)}${["median frame", "worst frame", "in collections", "longest"].map((name) => name.padStart(14)).join("")}`,
  ),
);
await run("plain objects", plainObjects());
await run("pool(Particle)", pooled());
