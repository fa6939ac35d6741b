import { once } from "node:events";
import { join } from "node:path";
import { roster } from "../../src/concurrent/index.ts";
import { sharedMemory } from "../../src/index.ts";
import { mapFile, participantIn } from "../../src/mapped/index.ts";
import { startChild, startWorker } from "./child.ts";
import { type Counts, countsOf, LOCKS_BYTES, lockWork, OWN_WORDS, PARTICIPANTS } from "./lock-work.ts";
import type { Progress } from "./ring-strain.ts";

const LIFE_OF_A_THREAD = `load("../test/process/lock-work").workAsThread(workerData, () => parentPort.postMessage("ready"));`;

/** Ends so many of those who hold locks, at random moments; always two or three are at work, and this thread. Throws where anybody is stuck for a minute. */
export async function terminateHolders(deaths: number, seed: number, progress: Progress = () => {}): Promise<Counts> {
  const random = randomOf(seed);
  using memory = sharedMemory(LOCKS_BYTES);
  const isAlive = (asked: number): boolean => Atomics.load(memory.i32, OWN_WORDS + (asked % 512)) !== asked;
  using here = roster(memory, { participants: PARTICIPANTS, identity: 1_000_000, isAlive });
  const work = lockWork(memory, here);
  let identity = 1;
  const start = (turns = Number.POSITIVE_INFINITY) => {
    const workerData = { ticket: memory.ticket(), identity, turns };
    const worker = startWorker(LIFE_OF_A_THREAD, workerData);
    return { worker, ready: once(worker, "message"), identity: identity++ };
  };
  const running = [start(), start(), start()];
  for (let death = 0; death < deaths; death++) {
    await running[0].ready;
    await pause(random() * 6);
    const [{ worker, identity: gone }] = running.splice(0, 1);
    await worker.terminate();
    Atomics.store(memory.i32, OWN_WORDS + (gone % 512), gone);
    running.push(start());
    work();
    if (death % 10 === 0) here.recover();
    if ((death + 1) % 100 === 0) progress(death + 1);
  }
  for (const { worker, identity: gone } of running) {
    await worker.terminate();
    Atomics.store(memory.i32, OWN_WORDS + (gone % 512), gone);
  }
  return settled(memory, here, work);
}

/** The same with processes, `kill -9`, and the kernel telling who is dead. */
export async function killHolders(deaths: number, seed: number, directory: string, progress: Progress = () => {}): Promise<Counts> {
  const random = randomOf(seed);
  const path = join(directory, "locks");
  using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: LOCKS_BYTES });
  using participant = participantIn(memory);
  using here = roster(memory, { participants: PARTICIPANTS, ...participant });
  const work = lockWork(memory, here);
  const start = () =>
    startChild(
      `const { roster } = load("concurrent/locks/roster");
       const { participantIn } = load("mapped/participants");
       const { lockWork, PARTICIPANTS } = load("../test/process/lock-work");
       const memory = load("mapped/map-file").mapFile(args[0], { mode: "readWrite" });
       const work = lockWork(memory, roster(memory, { participants: PARTICIPANTS, ...participantIn(memory) }));
       const parent = process.ppid;
       process.send("ready");
       while (process.ppid === parent) work();`,
      { directory, args: [path], bundled: true },
    );
  const running = [start(), start()];
  const ready = new Map(running.map((child) => [child, once(child, "message")]));
  for (let death = 0; death < deaths; death++) {
    const [child] = running.splice(0, 1);
    await ready.get(child);
    await pause(random() * 10);
    child.kill("SIGKILL");
    const next = start();
    ready.set(next, once(next, "message"));
    running.push(next);
    work();
    if (death % 10 === 0) here.recover();
    if ((death + 1) % 100 === 0) progress(death + 1);
  }
  for (const child of running) {
    await ready.get(child);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  return settled(memory, here, work);
}

/** Everybody else is dead: all is repaired by a turn at each lock. */
function settled(memory: Parameters<typeof countsOf>[0], here: ReturnType<typeof roster>, work: () => void): Counts {
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
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
