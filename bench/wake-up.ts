/**
 * How long it takes to wake another thread or process, there and back: one side changes a number and raises a signal, the other sees it and answers, and the first
 * one waits for that. The time of a round trip, both wake-ups in it, at p50 over some thousand; p99 stands in the note.
 *
 * Spinning has a processor of its own on each side. Blocking looks for some microseconds and sleeps in the kernel then; where it is answered at once nobody sleeps. So
 * "both asleep" has 100 microseconds of work before each ping. The event loop waits on both sides without holding its thread. The peers are what a program would
 * send instead, `postMessage` to a worker thread and `process.send` to a process; and the floor: the same in C, with bare futexes, which is what the kernel and the machine
 * under it take. Virtual machines need long to wake a processor that has nothing to do, and everything else that runs shows in these numbers.
 *
 * Idle: the processor time that a thread and an event loop take in a second in which nobody raises anything.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type Memory, sharedMemory } from "offheap";
import { Signal } from "offheap/concurrent";
import { mapFile } from "offheap/mapped";
import { option, report, scratchFolder } from "./harness.ts";
import { buildFutexPing, runNative } from "./native/build.ts";
import { awaitWord, type EchoTask, PING, PONG, tellWord, type Way } from "./wake-up/echo.ts";

const ECHO = new URL("./wake-up/echo.js", import.meta.url);
const ROUNDS = option("rounds", 10_000);
/** Rounds in which the other side falls asleep before each. */
const SLEEPY_ROUNDS = Math.ceil(ROUNDS / 5);
const WORK_US = 100;
const BYTES = 4096;
const bench = "wake-up";

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

const folder = scratchFolder();
const futexPing = buildFutexPing();

for (const between of ["threads", "processes"] as const) {
  const message = await messages(between);
  const messageName = between === "threads" ? "postMessage" : "process.send";
  const tell = (what: string, ours: Percentiles, barUs: number, floor?: Percentiles): void => {
    const row = { bench, case: `${what}, between ${between}`, unit: "us", ours: ours.p50 };
    const p99 = `p99 ${ours.p99.toFixed(1)} us`;
    report({
      ...{ ...row, peer: message.p50, peerName: messageName },
      note: `${p99}, of the peer ${message.p99.toFixed(1)} us; the bar is ${barUs} us`,
    });
    if (floor === undefined) return;
    report({ ...row, peer: floor.p50, peerName: "the floor, in C", note: `p99 of the floor ${floor.p99.toFixed(1)} us` });
  };
  tell("spinning", await roundTrips(between, "spin"), 1, floorOf(between, "spin", 0));
  tell("blocking", await roundTrips(between, "park"), 10, floorOf(between, "sleep", 0));
  tell("blocking, both asleep", await roundTrips(between, "park", WORK_US), 10, floorOf(between, "sleep", WORK_US));
  if (between === "threads") {
    const bare = await roundTrips(between, "bare", WORK_US);
    report({
      bench,
      case: "Atomics.wait alone, both asleep, threads",
      unit: "us",
      ours: bare.p50,
      note: `p99 ${bare.p99.toFixed(1)} us`,
    });
  }
  tell("event loop", await roundTrips(between, "loop"), 40);
  tell("event loop, both asleep", await roundTrips(between, "loop", WORK_US * 10), 40);
}
for (const [home, way] of [
  ["shared", "park"],
  ["shared", "loop"],
  ["mapped", "park"],
  ["mapped", "loop"],
] as const) {
  const name = way === "loop" ? "an event loop" : "a thread";
  report({
    ...{ bench, case: `idle: ${name}, ${home} memory`, unit: "ms", ours: await idle(home, way) },
    note: "of processor time in a second",
  });
}

/** What the kernel and the machine take, undefined where there is no compiler. */
function floorOf(between: string, how: "spin" | "sleep", workUs: number): Percentiles | undefined {
  if ("missing" in futexPing) return undefined;
  return runNative(futexPing, [workUs > 0 ? SLEEPY_ROUNDS : ROUNDS, between, how, workUs]);
}

async function roundTrips(between: "threads" | "processes", way: Way, workUs = 0): Promise<Percentiles> {
  const path = join(folder, `${way}-${workUs}`);
  using memory: Memory =
    between === "threads" ? sharedMemory(BYTES) : mapFile(path, { mode: "readWrite", create: true, byteLength: BYTES });
  const rounds = workUs > 0 ? SLEEPY_ROUNDS : ROUNDS;
  const warmup = Math.floor(rounds / 5);
  const task: EchoTask = {
    ...{ way, rounds: rounds + warmup },
    ...(between === "threads" ? { ticket: memory.ticket() } : { path }),
  };
  const other = between === "threads" ? new Worker(ECHO, { workerData: { echo: task } }) : echoProcess(JSON.stringify(task));
  const ended = once(other, "exit");
  await once(other, "message");
  const { i32 } = memory;
  const [ping, pong] = [new Signal(memory, 0), new Signal(memory, 128)];
  const times = new Float64Array(rounds + warmup);
  let round = 1;
  const ready = (): boolean => Atomics.load(i32, PONG) >= round;
  let started = performance.now();
  for (; round <= rounds + warmup; round++) {
    if (workUs > 0) started = workUntil(performance.now() + workUs / 1000);
    if (way === "bare") tellWord(i32, PING, round);
    else {
      Atomics.store(i32, PING, round);
      ping.raise();
    }
    if (way === "bare") awaitWord(i32, PONG, round);
    else if (way === "loop") await pong.waitUntilAsync(ready);
    else pong.waitUntil(ready, { strategy: way });
    const ended = performance.now();
    times[round - 1] = ended - started;
    started = ended;
  }
  await ended;
  return percentilesOf(times.subarray(warmup));
}

function workUntil(end: number): number {
  let now = performance.now();
  while (now < end) now = performance.now();
  return now;
}

async function messages(between: "threads" | "processes"): Promise<Percentiles> {
  const other = between === "threads" ? new Worker(ECHO, { workerData: { echo: "messages" } }) : echoProcess('"messages"');
  await once(other, "message");
  const times = new Float64Array(Math.floor(ROUNDS / 4));
  let next = (): void => {};
  other.on("message", () => next());
  for (let round = -times.length / 5; round < times.length; round++) {
    const started = performance.now();
    const answer = new Promise<void>((resolve) => {
      next = resolve;
    });
    if (other instanceof Worker) other.postMessage(round);
    else other.send(round);
    await answer;
    if (round >= 0) times[round] = performance.now() - started;
  }
  const ended = once(other, "exit");
  if (other instanceof Worker) await other.terminate();
  else other.kill();
  await ended;
  return percentilesOf(times);
}

/** Milliseconds of processor time that a process takes in a second in which a worker or its event loop waits for a signal. */
async function idle(home: "shared" | "mapped", way: Way): Promise<number> {
  const path = join(folder, `idle-${home}-${way}`);
  using memory: Memory =
    home === "shared" ? sharedMemory(BYTES) : mapFile(path, { mode: "readWrite", create: true, byteLength: BYTES });
  const task: EchoTask = { way, rounds: 1, ...(home === "shared" ? { ticket: memory.ticket() } : { path }) };
  const worker = new Worker(ECHO, { workerData: { echo: task } });
  const ended = once(worker, "exit");
  await once(worker, "message");
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const { user, system } = process.cpuUsage(before);
  Atomics.store(memory.i32, PING, 1);
  new Signal(memory, 0).raise();
  await ended;
  return (user + system) / 1000;
}

function echoProcess(task: string): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(ECHO), "echo", task], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

function percentilesOf(milliseconds: Float64Array): Percentiles {
  const sorted = milliseconds.toSorted();
  return { p50: sorted[Math.floor(sorted.length / 2)] * 1000, p99: sorted[Math.floor(sorted.length * 0.99)] * 1000 };
}
