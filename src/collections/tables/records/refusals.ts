import { MemoryError } from "../../../core/errors.ts";
import type { Memory } from "../../../core/memory.ts";

export function refuseDamage(memory: Memory, shard: number): never {
  throw new MemoryError("corrupt", {
    subject: `hash table in ${memory.subject}`,
    event: "has a damaged entry where the key should be",
    numbers: { shard },
    cure: "Set or delete what can be read, and restore the rest from a backup. In a file, a table that nobody has open can be copied: the copy is built from what is whole.",
  });
}

export function refuseRoom(memory: Memory, keyBytes: number, valueBytes: number): never {
  throw new MemoryError("out-of-memory", {
    subject: `hash table in ${memory.subject}`,
    event: "has no room for the entry",
    numbers: { keyBytes, valueBytes, committed: memory.byteLength, most: memory.maxByteLength },
    cure: "Delete entries, or give it more room: a longer reservation, or another allocator.",
  });
}

export function refuseWriting(memory: Memory): never {
  throw new MemoryError("read-only", {
    subject: `hash table in ${memory.subject}`,
    event: "was opened for reading",
    cure: "Open it for writing.",
  });
}

export function usedInside(memory: Memory): MemoryError {
  return new MemoryError("invalid-argument", {
    subject: `hash table in ${memory.subject}`,
    event: "was used by the work of a transaction, which must use its argument instead",
    cure: "Call the methods of the argument; what it does not have is to be done before or after.",
  });
}
