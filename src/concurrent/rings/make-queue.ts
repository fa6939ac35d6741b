import { A_MEMORY, checkCall, namesMemory, OPTIONS } from "../../core/check-call.ts";
import { sharedMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import { A_SIZED_TYPE } from "../../layout/struct-fields.ts";
import type { Type } from "../../layout/type.ts";
import { type AttachQueueOptions, Queue, type QueueOptions } from "./queue.ts";
import { checkQueueShape, formatQueue, planQueue, readQueue } from "./queue-layout.ts";

const DEFAULT_SEATS = 32;

/** How many bytes a queue takes. Throws `invalid-argument`. */
export function queueByteLength(type: Type<unknown, never>, options: Pick<QueueOptions, "capacity" | "seats">): number {
  checkCall("queueByteLength(Job, { capacity: 1024 })", [A_SIZED_TYPE, type], [OPTIONS, options]);
  const { capacity, seats = DEFAULT_SEATS } = options;
  checkQueueShape({ capacity, seats });
  return planQueue(type, { capacity, seats }, 0).byteLength;
}

/** An empty queue in a memory, and a seat in it. Others open it with `attachQueue`. Throws `invalid-argument`, `out-of-bounds`, `read-only`. */
export function queue<T extends Type<unknown, never>>(memory: Memory, type: T, options: QueueOptions): Queue<T>;
/** An empty queue in shared memory of its own, which `queue.memory.ticket()` takes to other threads, and a seat in it. Throws `invalid-argument`, `out-of-memory`. */
export function queue<T extends Type<unknown, never>>(type: T, options: Omit<QueueOptions, "byteOffset">): Queue<T>;
export function queue<T extends Type<unknown, never>>(
  ...given: [type: T, options: QueueOptions] | [memory: Memory, type: T, options: QueueOptions]
): Queue<T> {
  if (!namesMemory(given, 3)) {
    const [type, options] = given;
    checkCall("queue(Job, { capacity: 1024 })", [A_SIZED_TYPE, type], [OPTIONS, options]);
    return queue(sharedMemory(queueByteLength(type, options)), type, options);
  }
  const [memory, type, options] = given;
  checkCall("queue(memory, Job, { capacity: 1024 })", [A_MEMORY, memory], [A_SIZED_TYPE, type], [OPTIONS, options]);
  const { capacity, seats = DEFAULT_SEATS, byteOffset = 0 } = options;
  return new Queue(memory, type, formatQueue(memory, type, { capacity, seats }, byteOffset), options);
}

/** The queue that another has made there. Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`, `out-of-memory` (no seat left). */
export function attachQueue<T extends Type<unknown, never>>(memory: Memory, type: T, options: AttachQueueOptions = {}): Queue<T> {
  checkCall("attachQueue(memory, Job)", [A_MEMORY, memory], [A_SIZED_TYPE, type], [OPTIONS, options]);
  return new Queue(memory, type, readQueue(memory, type, options.byteOffset ?? 0), options);
}
