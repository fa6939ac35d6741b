/**
 * Binary trees of depth 20: a large tree that lives throughout, and millions of small ones that are made, counted and forgotten. As raw pointers in an
 * arena that goes back to a checkpoint after each tree, as objects of a class, and in Rust with the arenas of Debian's bumpalo.
 *
 * Each in a process of its own, in turn; the best of the rounds, for pauses too: that whose longest one is shortest. Peak memory is that of the process, with some 45 MB that Node takes in any case; in
 * brackets what it is above a Node that does nothing. A collector's pause is one of this thread; before the work begins all is collected once, so that
 * what loading the modules left is nobody's pause. The one or two collections of ours are of views that were made until V8 had compiled the loops.
 */
import { arena, bump, MiB, type Ptr, sharedMemory, struct, u32 } from "offheap";
import { childTasks, observePauses, option, type Pauses, report } from "./harness.ts";
import { buildTrees, runNative } from "./native/build.ts";

const DEPTH = option("depth", 20);
const ROUNDS = option("rounds", 4);

interface Run {
  readonly seconds: number;
  readonly nodes: number;
  readonly pauses: Pauses;
}

/** Before the tasks, which run while this module is still being evaluated. */
const Node = struct("Node", { left: u32, right: u32 });

class Tree {
  readonly left: Tree | undefined;
  readonly right: Tree | undefined;

  constructor(left: Tree | undefined, right: Tree | undefined) {
    this.left = left;
    this.right = right;
  }
}

const child = await childTasks(import.meta.url, {
  nothing: (_: number) => 0,
  ours: (depth: number): Promise<Run> => {
    // Shared, because of a private reservation V8 counts every byte as used, and collects garbage for it.
    const memory = sharedMemory(0, { maxByteLength: MiB(256) });
    const nodes = arena({ upstream: bump(memory) });
    const shown = Node.in(memory);

    /** A pointer to a node, and 0 as the children of a leaf. */
    function make(depth: number): Ptr {
      const ptr = nodes.place(Node);
      if (depth === 0) return ptr;
      const left = make(depth - 1);
      const right = make(depth - 1);
      const node = shown.at(ptr);
      node.left = left;
      node.right = right;
      return ptr;
    }

    function count(ptr: number): number {
      const { left, right } = shown.at(ptr);
      return left === 0 ? 1 : 1 + count(left) + count(right);
    }

    return measured((sum) => {
      sum(count(make(depth + 1)));
      nodes.reset();
      const lasting = make(depth);
      const checkpoint = nodes.scope();
      for (let at = 4; at <= depth; at += 2) {
        for (let left = 2 ** (depth - at + 4); left > 0; left--) {
          sum(count(make(at)));
          checkpoint.rewind();
        }
      }
      sum(count(lasting));
    });
  },
  classes: (depth: number): Promise<Run> =>
    measured((sum) => {
      sum(countObjects(makeObjects(depth + 1)));
      const lasting = makeObjects(depth);
      for (let at = 4; at <= depth; at += 2) {
        for (let left = 2 ** (depth - at + 4); left > 0; left--) sum(countObjects(makeObjects(at)));
      }
      sum(countObjects(lasting));
    }),
});

async function measured(work: (sum: (nodes: number) => void) => void): Promise<Run> {
  globalThis.gc?.();
  const pauses = observePauses();
  let nodes = 0;
  const started = performance.now();
  work((more) => {
    nodes += more;
  });
  const seconds = (performance.now() - started) / 1000;
  return { seconds, nodes, pauses: await pauses() };
}

function makeObjects(depth: number): Tree {
  return depth === 0 ? new Tree(undefined, undefined) : new Tree(makeObjects(depth - 1), makeObjects(depth - 1));
}

function countObjects({ left, right }: Tree): number {
  return left === undefined || right === undefined ? 1 : 1 + countObjects(left) + countObjects(right);
}

const bench = "binary-trees";
const idle = (await child.run("nothing", 0)).peak.rss;
const best = { ours: Number.POSITIVE_INFINITY, classes: Number.POSITIVE_INFINITY, rust: Number.POSITIVE_INFINITY };
const peak = { ours: 0, classes: 0 };
const pause: { ours?: Pauses; classes?: Pauses } = {};
const nodeOptions = ["--expose-gc"];
const native = buildTrees();
for (let round = 0; round < ROUNDS; round++) {
  const ours = await child.run("ours", DEPTH, { nodeOptions });
  const classes = await child.run("classes", DEPTH, { nodeOptions });
  const rust = "path" in native ? runNative<{ seconds: number; nodes: number }>(native, [DEPTH]) : undefined;
  if (ours.result.nodes !== classes.result.nodes || (rust !== undefined && rust.nodes !== ours.result.nodes)) {
    throw new Error(`${ours.result.nodes}, ${classes.result.nodes} and ${rust?.nodes} nodes are not the same`);
  }
  best.ours = Math.min(best.ours, ours.result.seconds);
  best.classes = Math.min(best.classes, classes.result.seconds);
  best.rust = Math.min(best.rust, rust?.seconds ?? Number.POSITIVE_INFINITY);
  peak.ours = Math.max(peak.ours, ours.peak.rss);
  peak.classes = Math.max(peak.classes, classes.peak.rss);
  pause.ours = calmer(pause.ours, ours.result.pauses);
  pause.classes = calmer(pause.classes, classes.result.pauses);
}
const peerName = "objects of a class";
report({ bench, case: `depth ${DEPTH}`, unit: "s", ours: best.ours, peer: best.classes, peerName });
if ("path" in native)
  report({ bench, case: `depth ${DEPTH}`, unit: "s", ours: best.ours, peer: best.rust, peerName: "Rust, bumpalo" });
else report({ bench, case: `depth ${DEPTH}, beside Rust`, unit: "s", ours: best.ours, note: `not measured: ${native.missing}` });
const above = (bytes: number) => ((bytes - idle) / 1e6).toFixed(0);
const note = `above an idle Node: ${above(peak.ours)} MB, ${above(peak.classes)} MB`;
report({ bench, case: "peak memory of the process", unit: "MB", ours: peak.ours / 1e6, peer: peak.classes / 1e6, peerName, note });
const told = (pauses: Pauses | undefined) => `${pauses?.count} in ${(pauses?.totalMs ?? 0).toFixed(0)} ms`;
report({
  bench,
  case: "longest pause of the collector",
  unit: "ms",
  ours: pause.ours?.longestMs ?? 0,
  peer: pause.classes?.longestMs ?? 0,
  peerName,
  note: `collections: ${told(pause.ours)}, ${told(pause.classes)}`,
});

/** A pause contains whatever else the machine does meanwhile: the round counts whose longest one is shortest, as with times. */
function calmer(before: Pauses | undefined, now: Pauses): Pauses {
  return before === undefined || now.longestMs < before.longestMs ? now : before;
}
