import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** One way to pass items from this thread to a worker, round after round. */
export interface Way {
  /** In a round. */
  readonly items: number;
  /** What the worker is told: see worker.ts. */
  readonly workerData: object;
  /** This side of a round. */
  write(worker: Worker): void;
}

/** Words in which both sides tell how far they are: the round that has begun, and the one that the worker is through with. */
export const [BEGUN, DONE] = [0, 16];

/**
 * Nanoseconds for an item of each way, in the best of many short rounds in which the ways take turns: while anything else runs on one of the two processors a
 * round means nothing. A function measures a round itself: it runs other programs.
 */
export async function race<Name extends string>(
  ways: Readonly<Record<Name, Way | (() => number | Promise<number>)>>,
  rounds: number,
): Promise<Record<Name, number>> {
  const lanes: (readonly [name: string, round: () => number | Promise<number>, end: () => unknown])[] = [];
  for (const [name, way] of Object.entries<Way | (() => number | Promise<number>)>(ways)) {
    if (typeof way === "function") lanes.push([name, way, () => {}]);
    else {
      const { round, end } = await started(way);
      lanes.push([name, round, end]);
    }
  }
  const best: Record<string, number> = {};
  for (let turn = 0; turn < rounds; turn++) {
    for (const [name, round] of lanes) best[name] = Math.min(await round(), best[name] ?? Number.POSITIVE_INFINITY);
  }
  for (const [, , end] of lanes) await end();
  return best as Record<Name, number>;
}

async function started(way: Way): Promise<{ readonly round: () => Promise<number>; readonly end: () => unknown }> {
  const words = new Int32Array(new SharedArrayBuffer(256));
  const workerData = { ...way.workerData, items: way.items, words };
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData });
  await once(worker, "message");
  let number = 0;
  const round = async (): Promise<number> => {
    number += 1;
    const begun = performance.now();
    Atomics.store(words, BEGUN, number);
    Atomics.notify(words, BEGUN);
    way.write(worker);
    // Where messages are passed nothing may hold this thread.
    while (Atomics.load(words, DONE) !== number) await new Promise((resolve) => setImmediate(resolve));
    return ((performance.now() - begun) * 1e6) / way.items;
  };
  return { round, end: () => worker.terminate() };
}
