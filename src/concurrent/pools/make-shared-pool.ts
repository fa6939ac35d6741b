import { AN_ALLOCATOR, type BlockSource } from "../../core/block-source.ts";
import { NIL } from "../../core/brand.ts";
import { A_MEMORY, checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { HANDLE_BITS } from "../../core/handle.ts";
import type { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";
import { A_SIZED_TYPE } from "../../layout/struct-fields.ts";
import type { Type } from "../../layout/type.ts";
import { SharedPool } from "./shared-pool.ts";
import { checkHome, checkShape, formatSharedPool, LINE, MOST_SLOTS, planSharedPool, readSharedPool } from "./shared-pool-layout.ts";
import { SharedSlots } from "./shared-slots.ts";

export interface SharedPoolOptions extends Participant {
  /** Records that there is room for from the start. */
  readonly capacity: number;
  /** The most records that it grows to, block by block. Default: as many as there are handles, 2^25, with an allocator; else `capacity`. */
  readonly maxCapacity?: number;
  /**
   * Where it takes a further block when all slots are used, each as long as all before it: an allocator over the same memory, of which each participant has a
   * handle of its own (`sharedHeap`, `sharedBump`, …).
   */
  readonly allocator?: BlockSource;
  /** The most threads and processes that take part at once. Default 32, at most 253. */
  readonly seats?: number;
  /** Where in the memory it begins, a multiple of 64. Default: where the allocator says, or 0. */
  readonly byteOffset?: number;
}

export interface AttachSharedPoolOptions extends Participant {
  readonly byteOffset?: number;
  /** For taking further blocks. Without one this participant uses those that others have taken. */
  readonly allocator?: BlockSource;
}

const DEFAULT_SEATS = 32;
const { tags } = HANDLE_BITS.wide;

/** How many bytes a shared pool takes, without the blocks that come later. Throws `invalid-argument`. */
export function sharedPoolByteLength(type: Type<unknown, never>, shape: Pick<SharedPoolOptions, "capacity" | "seats">): number {
  checkCall("sharedPoolByteLength(Order, { capacity: 10_000 })", [A_SIZED_TYPE, type], [OPTIONS, shape]);
  const { capacity, seats = DEFAULT_SEATS } = shape;
  checkShape({ capacity, maxCapacity: capacity, seats });
  return planSharedPool(type, { capacity, maxCapacity: capacity, seats }).byteLength;
}

/**
 * A new pool in a memory that others can see. They open it with `attachSharedPool`. Throws `invalid-argument`, `out-of-bounds`, `out-of-memory`,
 * `read-only`.
 */
export function sharedPool<T extends Type<unknown, never>>(memory: Memory, type: T, options: SharedPoolOptions): SharedPool<T> {
  const call = "sharedPool(memory, Order, { capacity: 10_000, allocator })";
  checkCall(call, [A_MEMORY, memory], [A_SIZED_TYPE, type], [OPTIONS, options]);
  const { capacity, seats = DEFAULT_SEATS, allocator } = options;
  if (allocator !== undefined) checkCall(call, [AN_ALLOCATOR, allocator]);
  const { maxCapacity = allocator === undefined ? capacity : Math.max(capacity, MOST_SLOTS) } = options;
  checkShape({ capacity, maxCapacity, seats });
  const plan = planSharedPool(type, { capacity, maxCapacity, seats });
  const align = Math.max(LINE, type.align);
  const taken = options.byteOffset === undefined ? allocator?.rawAlloc(plan.byteLength, align) : undefined;
  const { byteOffset = taken ?? 0 } = options;
  try {
    if (taken === NIL) throwNoRoom(type, plan.byteLength);
    checkHome(memory, byteOffset, type);
    const tag = 1 + Math.floor(Math.random() * (tags - 1));
    formatSharedPool(memory, byteOffset, type, plan, tag);
    return new SharedPool(type, new SharedSlots(memory, byteOffset, plan, options, allocator), tag);
  } catch (error) {
    if (taken !== undefined && taken !== NIL) allocator?.rawFree(taken, plan.byteLength, align);
    throw error;
  }
}

/** The pool that another thread or process has made there. Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`, `out-of-memory` (no seat left). */
export function attachSharedPool<T extends Type<unknown, never>>(
  memory: Memory,
  type: T,
  options: AttachSharedPoolOptions = {},
): SharedPool<T> {
  checkCall("attachSharedPool(memory, Order)", [A_MEMORY, memory], [A_SIZED_TYPE, type], [OPTIONS, options]);
  const { byteOffset = 0 } = options;
  checkHome(memory, byteOffset, type);
  const { plan, tag } = readSharedPool(memory, byteOffset, type);
  return new SharedPool(type, new SharedSlots(memory, byteOffset, plan, options, options.allocator), tag);
}

function throwNoRoom(type: Type<unknown, never>, byteLength: number): never {
  throw new MemoryError("out-of-memory", {
    subject: `shared pool of ${type.name}`,
    event: "has no room for its first block",
    numbers: { byteLength },
    cure: "Give its allocator more room, or begin with less capacity.",
  });
}
