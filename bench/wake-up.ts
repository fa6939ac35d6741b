/**
 * How long it takes to wake another thread or process, there and back: one side changes a number and raises a signal, the other sees it and answers, and the first
 * one waits for that. The time of a round trip, both wake-ups in it, at p50 over some thousand; p99 stands in the note.
 *
 * Spinning has a processor of its own on each side. Blocking sleeps in the kernel. The event loop waits on both sides without holding its thread. The peers are
 * what a program would send instead: `postMessage` to a worker thread, `process.send` to a process. On a machine with two processors everything else that runs
 * shows in these numbers, and sleeping threads are woken on a processor that has to be found first.
 *
 * Idle: the processor time that a thread and an event loop take in a second in which nobody raises anything.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type Memory, sharedMemory } from "offheap";
import { Signal, type WaitStrategy } from "offheap/concurrent";
import { mapFile } from "offheap/mapped";
import { option, report, scratchFolder } from "./harness.ts";
import { type EchoTask, PING, PONG } from "./wake-up/echo.ts";

const ECHO = new URL("./wake-up/echo.js", import.meta.url);
const ROUNDS = option("rounds", 10_000);
const WARMUP = Math.floor(ROUNDS / 5);
const BYTES = 4096;

const WAYS: readonly (readonly [title: string, strategy: WaitStrategy, async: boolean, barUs: number])[] = [
  ["spinning", "spin", false, 1],
  ["blocking", "park", false, 10],
  ["event loop", "park", true, 40],
];

const folder = scratchFolder();
for (const between of ["threads", "processes"] as const) {
  const message = await messages(between);
  for (const [title, strategy, async, bar] of WAYS) {
    const { p50, p99 } = await roundTrips(between, strategy, async);
    report({
      bench: "wake-up",
      case: `${title}, between ${between}`,
      unit: "us",
      ours: p50,
      peer: message.p50,
      peerName: between === "threads" ? "postMessage" : "process.send",
      note: `p99 ${p99.toFixed(1)} us, of the peer ${message.p99.toFixed(1)} us; the bar is ${bar} us`,
    });
  }
}
for (const async of [false, true]) {
  const busyMs = await idle(async);
  const name = async ? "an event loop" : "a thread";
  report({
    bench: "wake-up",
    case: `idle: ${name} that waits for a process`,
    unit: "ms",
    ours: busyMs,
    note: "of processor time in a second",
  });
}

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

async function roundTrips(between: "threads" | "processes", strategy: WaitStrategy, async: boolean): Promise<Percentiles> {
  const path = join(folder, `${strategy}-${async}`);
  using memory: Memory =
    between === "threads" ? sharedMemory(BYTES) : mapFile(path, { mode: "readWrite", create: true, byteLength: BYTES });
  const task: EchoTask = {
    strategy,
    async,
    rounds: ROUNDS + WARMUP,
    ...(between === "threads" ? { ticket: memory.ticket() } : { path }),
  };
  const other = between === "threads" ? new Worker(ECHO, { workerData: { echo: task } }) : echoProcess(JSON.stringify(task));
  const ended = once(other, "exit");
  await once(other, "message");
  const { i32 } = memory;
  const [ping, pong] = [new Signal(memory, 0), new Signal(memory, 128)];
  const times = new Float64Array(ROUNDS);
  let round = 1;
  const ready = (): boolean => Atomics.load(i32, PONG) >= round;
  for (; round <= ROUNDS + WARMUP; round++) {
    const started = performance.now();
    Atomics.store(i32, PING, round);
    ping.raise();
    if (async) await pong.waitUntilAsync(ready, { strategy });
    else pong.waitUntil(ready, { strategy });
    if (round > WARMUP) times[round - WARMUP - 1] = performance.now() - started;
  }
  await ended;
  return percentilesOf(times);
}

async function messages(between: "threads" | "processes"): Promise<Percentiles> {
  const other = between === "threads" ? new Worker(ECHO, { workerData: { echo: "messages" } }) : echoProcess('"messages"');
  await once(other, "message");
  const times = new Float64Array(Math.floor(ROUNDS / 4));
  let next = (): void => {};
  other.on("message", () => next());
  for (let round = -WARMUP; round < times.length; round++) {
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

/** Milliseconds of processor time of a process that waits for one change for a second. */
async function idle(async: boolean): Promise<number> {
  const path = join(folder, `idle-${async}`);
  using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: BYTES });
  const busy = async (waitMs: number): Promise<number> => {
    Atomics.store(memory.i32, PING, 0);
    const child = echoProcess(JSON.stringify({ strategy: "park", async, rounds: 1, path } satisfies EchoTask));
    await once(child, "message");
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    const answer = once(child, "message");
    Atomics.store(memory.i32, PING, 1);
    new Signal(memory, 0).raise();
    const [milliseconds]: number[] = await answer;
    return milliseconds;
  };
  // Of both the start is taken away.
  const start = await busy(100);
  return Math.max(0, (await busy(2100)) - start) / 2;
}

function echoProcess(task: string): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(ECHO), "echo", task], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

function percentilesOf(milliseconds: Float64Array): Percentiles {
  const sorted = milliseconds.toSorted();
  return { p50: sorted[Math.floor(sorted.length / 2)] * 1000, p99: sorted[Math.floor(sorted.length * 0.99)] * 1000 };
}
