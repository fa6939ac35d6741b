import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { startWorker } from "./child.ts";

const AT_ONCE = 16;

/**
 * Worker threads that have started and wait for a message that tells them what to do. Most of a life of milliseconds is its beginning, so many begin at
 * once, while hardly anything else runs. Their script posts a message when it has begun.
 */
export class Spares {
  readonly #script: string;
  readonly #data: unknown;
  #left: number;
  #ready: Worker[] = [];

  /** `most` will be taken in all. */
  constructor(script: string, data: unknown, most: number) {
    this.#script = script;
    this.#data = data;
    this.#left = most;
  }

  async take(): Promise<Worker> {
    if (this.#ready.length === 0) {
      this.#ready = Array.from({ length: Math.min(AT_ONCE, this.#left) }, () => startWorker(this.#script, this.#data));
      this.#left -= this.#ready.length;
      await Promise.all(this.#ready.map((worker) => once(worker, "message")));
    }
    const worker = this.#ready.pop();
    if (worker === undefined) throw new Error("more are taken than was said");
    return worker;
  }

  async end(): Promise<void> {
    for (const worker of this.#ready) await worker.terminate();
  }
}
