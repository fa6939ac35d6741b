import { parentPort, workerData } from "node:worker_threads";
import { attach, type Memory, type Ticket } from "offheap";
import { Signal } from "offheap/concurrent";
import { mapFile } from "offheap/mapped";

/** Where the two sides meet: i32 words of their numbers, and signals beside them. */
export const PING = 16;
export const PONG = 48;

/** How both sides wait: by a strategy of a signal, on the event loop, or with nothing but `Atomics.wait`. */
export type Way = "spin" | "park" | "loop" | "bare";

/** What the other side does. */
export interface EchoTask {
  /** Or the path of a file. */
  readonly ticket?: Ticket;
  readonly path?: string;
  readonly way: Way;
  readonly rounds: number;
}

export function awaitWord(i32: Int32Array, word: number, round: number): void {
  for (let seen = Atomics.load(i32, word); seen < round; seen = Atomics.load(i32, word)) Atomics.wait(i32, word, seen);
}

export function tellWord(i32: Int32Array, word: number, round: number): void {
  Atomics.store(i32, word, round);
  Atomics.notify(i32, word, 1);
}

/** Answers every number with the same number. */
async function echo(memory: Memory, { way, rounds }: EchoTask): Promise<void> {
  const { i32 } = memory;
  const [ping, pong] = [new Signal(memory, 0), new Signal(memory, 128)];
  let round = 1;
  const ready = (): boolean => Atomics.load(i32, PING) >= round;
  for (; round <= rounds; round++) {
    if (way === "bare") {
      awaitWord(i32, PING, round);
      tellWord(i32, PONG, round);
      continue;
    }
    if (way === "loop") await ping.waitUntilAsync(ready);
    else ping.waitUntil(ready, { strategy: way });
    Atomics.store(i32, PONG, round);
    pong.raise();
  }
}

/** Answers messages with the same message. */
function echoMessages(): void {
  parentPort?.on("message", (message) => parentPort?.postMessage(message));
  process.on("message", (message) => process.send?.(message));
}

const argument = process.argv[2] === "echo" ? process.argv[3] : undefined;
const task: EchoTask | "messages" | undefined = argument === undefined ? workerData?.echo : JSON.parse(argument);
if (task === "messages") {
  echoMessages();
  parentPort?.postMessage("ready");
  process.send?.("ready");
} else if (task !== undefined) {
  const memory = task.ticket === undefined ? mapFile(task.path ?? "", { mode: "readWrite" }) : attach(task.ticket);
  parentPort?.postMessage("ready");
  process.send?.("ready");
  await echo(memory, task);
  process.disconnect?.();
  memory.close();
}
