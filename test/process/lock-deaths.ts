import { join } from "node:path";
import { roster } from "../../src/concurrent/index.ts";
import { sharedMemory } from "../../src/index.ts";
import { type Counts, countsOf, LOCKS_BYTES, lockWork, OWN_WORDS, PARTICIPANTS, type ThreadTask } from "./lock-work.ts";
import type { Progress } from "./ring-strain.ts";
import { runSingleThreaded } from "./single-threaded.ts";
import { Spares } from "./spares.ts";

const LIFE_OF_A_THREAD = `
  const { workAsThread } = load("../test/process/lock-work");
  parentPort.once("message", workAsThread);
  parentPort.postMessage("ready");
`;
const AT_WORK = 3;

/** Ends so many of those who hold locks, at random moments; always two or three are at work, and this thread. Throws where anybody is stuck for a minute. */
export async function terminateHolders(deaths: number, seed: number, progress: Progress = () => {}): Promise<Counts> {
  const random = randomOf(seed);
  using memory = sharedMemory(LOCKS_BYTES);
  const isAlive = (asked: number): boolean => Atomics.load(memory.i32, OWN_WORDS + (asked % 512)) !== asked;
  using here = roster(memory, { seats: PARTICIPANTS, identity: 1_000_000, isAlive });
  const work = lockWork(memory, here);
  const spares = new Spares(LIFE_OF_A_THREAD, undefined, deaths + AT_WORK);
  let identity = 0;
  const start = async () => {
    const worker = await spares.take();
    identity += 1;
    const task: ThreadTask = { ticket: memory.ticket(), identity, turns: Number.POSITIVE_INFINITY };
    worker.postMessage(task);
    return { worker, identity };
  };
  const running = [await start(), await start(), await start()];
  const end = async () => {
    const [{ worker, identity: gone }] = running.splice(0, 1);
    await worker.terminate();
    Atomics.store(memory.i32, OWN_WORDS + (gone % 512), gone);
  };
  for (let death = 0; death < deaths; death++) {
    await pause(random() * 6);
    await end();
    running.push(await start());
    work();
    if (death % 10 === 0) here.recover();
    if ((death + 1) % 100 === 0) progress(death + 1);
  }
  while (running.length > 0) await end();
  return settled(memory, here, work);
}

/** So many are killed in one file. */
const DEATHS_A_FILE = 100;

/** The same with processes, copies of one of one thread, `kill -9`, and the kernel telling who is dead. */
export function killHolders(deaths: number, seed: number, directory: string, progress: Progress = () => {}): Counts {
  const sum = { turns: 0, wrong: 0, repairs: 0 };
  for (let done = 0; done < deaths; progress(done)) {
    const most = Math.min(DEATHS_A_FILE, deaths - done);
    const args = [join(directory, `locks-${done}`), String(most), String(seed + done)];
    const found = runSingleThreaded("lock-deaths.child.js", args) as Counts;
    for (const what of ["turns", "wrong", "repairs"] as const) sum[what] += found[what];
    done += most;
  }
  return sum;
}

/** Everybody else is dead: all is repaired by a turn at each lock. */
export function settled(memory: Parameters<typeof countsOf>[0], here: ReturnType<typeof roster>, work: () => void): Counts {
  for (let turn = 0; turn < 10; turn++) work();
  here.recover();
  const found = here.checkInvariants();
  if (found.length > 0) throw new Error(found.join("\n"));
  if (here.seats.others().length > 0) throw new Error(`seats of the dead are still taken: ${here.seats.others().join(", ")}`);
  return countsOf(memory);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
