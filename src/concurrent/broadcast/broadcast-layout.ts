/*
 * The bytes of a broadcast: one transmitter, any number of receivers, which write nothing. Little-endian, position-independent, begins at a multiple of 64.
 *
 *   byte 0      128       256      320                                  byteLength
 *   +-----------+---------+--------+-------------------------------+
 *   | header    | control | signal | messages                      |
 *   +-----------+---------+--------+-------------------------------+
 *
 *   header, i32    0 magic "OHbc", 1 version, 2 features (0), 3 units of 16 bytes, 4 sum of 0 … 3
 *   control        0 intent i32, 4 tail i32, 8 latest i32, 16 role i64 of the transmitter
 *   message        0 byteLength i32, or of padding −units; 4 type i32; 8 position, low half i32, 12 high half i32; 16 its bytes
 *
 * Positions count units of 16 bytes; the control words hold their low 32 bits, each message its whole position.
 *
 * Invariants:
 * 1. The transmitter says how far it will write (intent), writes, and says how far it has written (tail). So what lies more than the capacity before the
 *    intent may be overwritten at this moment.
 * 2. A receiver reads a message, and looks at the intent afterwards: what it has read is right if the intent is still within capacity of its position.
 *    That the message holds its own whole position tells it from one that came 2^32 units later.
 * 3. No message goes over the end; padding fills what is left there.
 */

import { checkCount } from "../../core/check-count.ts";
import { MemoryError } from "../../core/errors.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import { checkWritableHome } from "../../core/writable.ts";
import { checkBeginning, readHead, writeHead } from "../head-words.ts";

export const UNIT = 16;
const KIND = { subject: "broadcast", magic: magicOf("OHbc"), version: 1 };
const LEAST_BYTES = 256;
const MOST_BYTES = 2 ** 30;

export interface BroadcastPlan {
  readonly byteCapacity: number;
  /** A power of two. */
  readonly units: number;
  /** In bytes: an eighth of the capacity, so that a message is not lost while the next is written. */
  readonly maxByteLength: number;
  /** i32 words. */
  readonly intent: number;
  readonly tail: number;
  readonly latest: number;
  /** Byte offsets. */
  readonly role: number;
  readonly signal: number;
  readonly bytes: number;
  readonly byteLength: number;
}

export function planBroadcast(byteCapacity: number, byteOffset: number): BroadcastPlan {
  const bytes = byteOffset + 320;
  const control = (byteOffset + 128) / 4;
  return {
    ...{ byteCapacity, bytes, intent: control, tail: control + 1, latest: control + 2 },
    units: byteCapacity / UNIT,
    maxByteLength: byteCapacity / 8,
    role: byteOffset + 144,
    signal: byteOffset + 256,
    byteLength: bytes - byteOffset + byteCapacity,
  };
}

/** Throws `invalid-argument`. */
export function checkBroadcastCapacity(byteCapacity: number): void {
  checkCount(KIND.subject, "byteCapacity", byteCapacity, LEAST_BYTES, MOST_BYTES);
  if (Number.isInteger(Math.log2(byteCapacity))) return;
  throw new MemoryError("invalid-argument", {
    subject: KIND.subject,
    event: "needs a power of two as byteCapacity",
    numbers: { byteCapacity, next: 2 ** Math.ceil(Math.log2(byteCapacity)) },
    cure: "Take the next power of two.",
  });
}

/** Throws `read-only`, `out-of-bounds`, `invalid-argument`. */
export function formatBroadcast(memory: Memory, byteCapacity: number, byteOffset: number): BroadcastPlan {
  checkBroadcastCapacity(byteCapacity);
  checkBeginning(KIND.subject, byteOffset);
  checkWritableHome(KIND.subject, memory);
  const plan = planBroadcast(byteCapacity, byteOffset);
  memory.checkRange(byteOffset, plan.byteLength);
  memory.u8.fill(0, byteOffset, plan.bytes);
  // Position 0 is nobody's, so that zeros are no message.
  for (const word of [plan.intent, plan.tail, plan.latest]) memory.i32[word] = plan.units;
  writeHead(memory, byteOffset, KIND, [plan.units]);
  return plan;
}

/** Throws `corrupt`, `unsupported-format`, `out-of-bounds`. */
export function readBroadcast(memory: Memory, byteOffset: number): BroadcastPlan {
  const [units] = readHead(memory, byteOffset, KIND, 1);
  checkBroadcastCapacity(units * UNIT);
  const plan = planBroadcast(units * UNIT, byteOffset);
  memory.checkRange(byteOffset, plan.byteLength);
  return plan;
}

/** Units that a message takes, its head included. */
export function unitsFor(byteLength: number): number {
  return 1 + Math.ceil(byteLength / UNIT);
}

/** The i32 word where the message at a position begins. */
export function messageWord({ bytes, units }: BroadcastPlan, position: number): number {
  return bytes / 4 + (position % units) * (UNIT / 4);
}

/** The whole position in the head of the message at `word`. */
export function positionAt({ i32 }: Memory, word: number): number {
  return (i32[word + 3] >>> 0) * 2 ** 32 + (i32[word + 2] >>> 0);
}
