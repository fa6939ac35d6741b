import type { Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";

/**
 * What a view object holds. Under symbols, so that fields of any name fit beside them, and so that two views of different places are
 * never taken for equal by a deep comparison.
 *
 * Invariants:
 * 1. A view lies wholly within the typed arrays of its memory and is aligned: whoever makes one has checked it.
 * 2. The position of what ends within 4 GiB is a 32-bit integer, negative from 2 GiB on, which V8 keeps in a register. Beyond, views are
 *    of another class, a wide one, and the position is the byte offset itself. Both are understood by `byteOffsetOf`.
 * 3. A leased view was valid at its `EPOCH`. `WRITE_EPOCH` is the same, or 0 where the lease is read-only: no lease has epoch 0.
 */
export const POSITION: unique symbol = Symbol("position");
export const LEASE: unique symbol = Symbol("lease");
export const EPOCH: unique symbol = Symbol("epoch");
export const WRITE_EPOCH: unique symbol = Symbol("write epoch");
/** A method of every view: a copy of what it shows, as plain data. */
export const COPY: unique symbol = Symbol("copy");
/** The type that a view is one of. */
export const TYPE: unique symbol = Symbol("type");

export interface LeasedView {
  [POSITION]: number;
  [LEASE]: Lease;
  [EPOCH]: number;
  [WRITE_EPOCH]: number;
}

export type LeasedClass<View> = new (lease: Lease, position: number) => View;
/** A class whose views look at one memory only. */
export type BakedClass<View> = new (position: number) => View;

/** Up to here a position is a 32-bit integer. */
export const NARROW_BYTES = 2 ** 32;

/** What a view holds of its byte offset: see invariant 2. */
export function positionOf(byteOffset: number, wide: boolean): number {
  return wide ? byteOffset : byteOffset | 0;
}

export function byteOffsetOf(position: number): number {
  return position < 0 ? position + NARROW_BYTES : position;
}

export function isView(value: unknown): value is { readonly [POSITION]: number; readonly [TYPE]: unknown; [COPY](): unknown } {
  return typeof value === "object" && value !== null && POSITION in value && TYPE in value && COPY in value;
}

/** Where the bytes are that a view shows. */
export function ptrOf(view: unknown): Ptr {
  if (isView(view)) return byteOffsetOf(view[POSITION]) as Ptr;
  throw new MemoryError("invalid-argument", {
    subject: "ptrOf",
    event: "was not given a view",
    cure: "Pass what create(), view(), at() or a cursor returned.",
  });
}

/** Whether others can move the bytes without its typed arrays being told: those of WebAssembly, when a module grows it. */
export function movesUnseen(memory: Memory): boolean {
  return memory.home === "wasm";
}

/** The memory behind a lease, after looking whether a WebAssembly module has grown and so moved it. */
export function settled(memory: Memory): Memory {
  if (movesUnseen(memory)) memory.byteLength;
  return memory;
}

/** Typed arrays gave nothing at a place where there were bytes: a WebAssembly module has grown its memory. Takes the new ones, or throws. */
export function follow(memory: Memory, seen: Uint8Array): void {
  memory.checkOpen();
  memory.byteLength;
  if (memory.u8 !== seen) return;
  throw new MemoryError("out-of-bounds", {
    subject: memory.subject,
    event: "ends before the place that a view shows",
    numbers: { committed: memory.byteLength },
    cure: "Make views of bytes that are there.",
  });
}

/** Throws unless `byteSize` bytes from `byteOffset` on are there and aligned. */
export function checkPlace(type: Placeable, memory: Memory, byteOffset: number, byteLength: number): void {
  settled(memory).checkRange(byteOffset, byteLength);
  if (byteOffset % type.align === 0) return;
  throw new MemoryError("invalid-argument", {
    subject: type.name,
    event: "cannot lie at a misaligned offset",
    numbers: { byteOffset, align: type.align },
    cure: `Place it at a multiple of ${type.align} bytes, as an allocator does with \`type.align\`.`,
  });
}

/** Throws unless there is room for `count` values one behind another. */
export function checkRecords(
  type: Placeable & { readonly byteSize: number },
  memory: Memory,
  byteOffset: number,
  count: number,
): void {
  if (Number.isSafeInteger(count) && count >= 0) {
    checkPlace(type, memory, byteOffset, count * type.byteSize);
    return;
  }
  throw new MemoryError("invalid-argument", {
    subject: `a cursor of ${type.name}`,
    event: "was not given a number of records",
    numbers: { count: String(count) },
    cure: "Pass a whole number from 0 on.",
  });
}

interface Placeable {
  readonly name: string;
  readonly align: number;
}

export function checkWritable(memory: Memory): void {
  if (!memory.readOnly) return;
  throw new MemoryError("read-only", {
    subject: memory.subject,
    event: "cannot be written to",
    cure: "Open it for writing, or copy what you want to change.",
  });
}
