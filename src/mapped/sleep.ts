import { sharedMemory } from "../core/homes.ts";

/** Nothing ever notifies it: waiting on it is sleeping. */
let never: Int32Array | undefined;

/** Holds the thread for so long. */
export function sleep(ms: number): void {
  never ??= sharedMemory(4).i32;
  Atomics.wait(never, 0, 0, ms);
}
