/*
 * A pool as bytes, to be kept and loaded again: handles stay what they are. Little-endian.
 *
 *   byte 0     64                          64 + 8 · places, then by block that is there
 *   +----------+---------------------------+------------------------------+-----+
 *   | header   | floor, present by place   | its n slots, padded to 8     |  …  |
 *   +----------+---------------------------+------------------------------+-----+
 *
 *   header, u32: those of block-header.ts, magic "OHpo", version 1; 4 records of a block, 5 places for blocks, 6 form (0 wide, 1 narrow) + tag · 256;
 *   8 capacity, 9 head of the free list, 10 size, 11 detached, 12 check of all bytes behind the header, 13 … 15 zero
 *
 * Invariants: those of pool-slots.ts hold for the words; present is 0 or 1; the length is exactly what the header says.
 */

import { placed } from "../../alloc/own-memory.ts";
import { alignUp } from "../../core/align.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { BYTES, checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { HANDLE_BITS, type HandleForm } from "../../core/handle.ts";
import { privateMemory } from "../../core/homes.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import { layoutWordOf } from "../../layout/fingerprint.ts";
import { A_SIZED_TYPE } from "../../layout/struct-fields.ts";
import { type BlockFormat, checkOf, corrupt, HEADER_BYTES, openHeader, sealHeader } from "../block-header.ts";
import { makePool, type Pool } from "./pool.ts";
import { throwFull } from "./pool-mistakes.ts";
import { A_POOL, type Poolable, type PoolOptions } from "./pool-options.ts";
import { layoutSlot, type PoolSlots, SLOTS } from "./pool-slots.ts";

const FORMAT: BlockFormat = { subject: "saved pool", magic: magicOf("OHpo"), version: 1 };
const CAPACITY = 8;
const STATE = 9;
const CHECK = 12;
const PLACE_BYTES = 8;

/** The whole pool as bytes: records, handles, and what is known of those that are gone. */
export function savePool<T extends Poolable>(pool: Pool<T>): Uint8Array {
  checkCall("savePool(particles)", [A_POOL, pool]);
  // Throws where the pool has ended.
  pool.firstHandle();
  const slots = pool[SLOTS];
  const { plan, ptrs, floors, state } = slots;
  const blockBytes = alignUp(slots.blockByteLength, 8);
  const start = HEADER_BYTES + ptrs.length * PLACE_BYTES;
  const memory = privateMemory(start + slots.blockCount * blockBytes);
  const { i32, u8 } = memory;
  let at = start;
  ptrs.forEach((ptr, block) => {
    i32[placeWord(block)] = floors[block];
    i32[placeWord(block) + 1] = ptr === NIL ? 0 : 1;
    if (ptr === NIL) return;
    u8.set(pool.memory.u8.subarray(ptr, ptr + slots.blockByteLength), at);
    at += blockBytes;
  });
  sealHeader(i32, FORMAT, layoutWordOf(pool.type), [
    plan.blockLength,
    ptrs.length,
    (plan.form === "wide" ? 0 : 1) + plan.tag * 256,
  ]);
  i32[CAPACITY] = plan.capacity;
  i32.set([state.head, state.size, state.detached], STATE);
  i32[CHECK] = checkOfSaved(memory);
  return memory.u8;
}

/**
 * A pool from what `savePool` gave: every handle from before names the same record, and every stale one is still refused. Bytes that were made up or
 * damaged throw `corrupt`, `layout-mismatch` or `unsupported-format`, and leave nothing behind; throws `out-of-memory`.
 */
export function loadPool<T extends Poolable>(
  type: T,
  bytes: Uint8Array,
  options: Pick<PoolOptions, "allocator" | "memory"> = {},
): Pool<T> {
  checkCall("loadPool(Particle, bytes)", [A_SIZED_TYPE, type], [BYTES, bytes], [OPTIONS, options]);
  // A copy, so that nobody can change it between a check and its use; and at an alignment of its own.
  const memory = privateMemory(alignUp(bytes.byteLength, 8));
  memory.u8.set(bytes);
  const saved = readSaved(type, memory, bytes.byteLength);
  const { blockLength, capacity, form, tag, places, present } = saved;
  // In a row the first block is at its place only where none before it is missing.
  const allocator = present.length === places ? options.allocator : placed(`pool of ${type.name}`, options);
  const home = allocator === undefined ? options : { allocator };
  const pool = makePool(type, { ...home, blockLength, capacity, handles: form }, tag);
  try {
    fill(pool[SLOTS], saved, memory);
    pool.settleWidth();
    const { state } = pool[SLOTS];
    [state.head, state.size, state.detached] = memory.i32.subarray(STATE, STATE + 3);
    const [wrong] = pool.checkInvariants();
    if (wrong !== undefined) throw corrupt(memory, FORMAT, `contradicts itself: ${wrong}`, {});
  } catch (error) {
    pool.close();
    throw error;
  }
  return pool;
}

/** What the header and the table of places say. */
interface SavedPool {
  readonly form: HandleForm;
  readonly tag: number;
  readonly blockLength: number;
  readonly capacity: number;
  /** For blocks. */
  readonly places: number;
  /** The places that have a block. */
  readonly present: readonly number[];
  /** Where the first block begins, in bytes. */
  readonly start: number;
}

/** Throws `corrupt`, `layout-mismatch`, `unsupported-format` unless the bytes are those of a saved pool, as far as their numbers and their check tell. */
function readSaved(type: Poolable, memory: Memory, byteLength: number): SavedPool {
  const refuse = (event: string, numbers: Readonly<Record<string, number>>): never => {
    throw corrupt(memory, FORMAT, event, numbers);
  };
  if (byteLength < HEADER_BYTES) refuse("is shorter than its header", { byteLength });
  const header = openHeader(memory, 0, FORMAT, layoutWordOf(type), type.name);
  const [blockLength, places, flags, capacity] = [header[4], header[5], header[6], header[CAPACITY]];
  const [form, tag] = [flags % 256 === 0 ? ("wide" as const) : ("narrow" as const), Math.floor(flags / 256)];
  const bits = HANDLE_BITS[form];
  const most = bits.indexMask - 1;
  const known = flags % 256 <= 1 && (form === "wide" ? tag >= 1 && tag < bits.tags : tag === 0);
  const counted = blockLength >= 1 && blockLength <= most && capacity >= 1 && capacity <= most && places >= 1;
  const start = HEADER_BYTES + places * PLACE_BYTES;
  if (!known || !counted || start > byteLength) refuse("has numbers that cannot be", { blockLength, places, flags, capacity });
  const present: number[] = [];
  for (let block = 0; block < places; block++) {
    const there = memory.i32[placeWord(block) + 1];
    if (there === 1) present.push(block);
    else if (there !== 0) refuse("has a block that is neither there nor not", { block });
  }
  const blockBytes = alignUp(blockLength * layoutSlot(bits, type.byteSize, type.align).slotWords * bits.byteSize, 8);
  const told = start + present.length * blockBytes;
  if (present.length === 0 || told !== byteLength)
    refuse("has another length than it says", { byteLength: told, given: byteLength });
  if (header[CHECK] !== checkOfSaved(memory)) refuse("is damaged", { check: header[CHECK] });
  return { form, tag, blockLength, capacity, places, present, start };
}

function fill(slots: PoolSlots, { present, places, start }: SavedPool, saved: Memory): void {
  const { bits } = slots;
  const [first] = slots.ptrs;
  slots.forgetBlocks();
  slots.place(present[0], first);
  for (const block of present.slice(1)) {
    const ptr: Ptr = slots.takeBlock(block);
    if (ptr === NIL) throwFull(slots);
    slots.place(block, ptr);
  }
  slots.words = slots.takeWords();
  slots.extend(places);
  for (let block = 0; block < places; block++) {
    const floor = saved.i32[placeWord(block)];
    if (floor < 0 || floor >= bits.generations) {
      throw new MemoryError("corrupt", {
        subject: FORMAT.subject,
        event: "has a block with a generation that cannot be",
        numbers: { block, floor },
        cure: "Save it again from its source.",
      });
    }
    slots.floors[block] = floor;
  }
  const { u8 } = slots.memory;
  present.forEach((block, order) => {
    const at = start + order * alignUp(slots.blockByteLength, 8);
    u8.set(saved.u8.subarray(at, at + slots.blockByteLength), slots.ptrs[block]);
  });
}

/** The word where the floor of a place is. */
function placeWord(block: number): number {
  return (HEADER_BYTES + block * PLACE_BYTES) / 4;
}

/** Of all words behind the header, and of those in it that may differ from pool to pool. */
function checkOfSaved({ i32 }: Memory): number {
  return checkOf(i32, CHECK + 1, i32.length, checkOf(i32, CAPACITY, CHECK));
}
