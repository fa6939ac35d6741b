import { sharedMemory } from "../../src/core/homes.ts";
import type { Memory } from "../../src/core/memory.ts";

const memories = new Map<string, Memory>();

/** Zeroed shared memory for a play. It is the same again in the next run, which is much faster than a new one; `name` tells those of one play apart. */
export function stageMemory(byteLength: number, name = ""): Memory {
  const key = `${name}:${byteLength}`;
  const memory = memories.get(key) ?? sharedMemory(byteLength);
  memories.set(key, memory);
  memory.u8.fill(0);
  return memory;
}
