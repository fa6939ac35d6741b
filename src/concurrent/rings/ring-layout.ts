/*
 * The bytes of a ring: one producer, and stages of consumers. Little-endian, position-independent, begins at a multiple of 64.
 *
 *   byte 0        128        256       384               first slot                       byteLength
 *   +-------------+----------+---------+---------+---+---+----------------------------+
 *   | header      | producer | stage 0 | stage 1 | … | … | capacity slots             |
 *   +-------------+----------+---------+---------+---+---+----------------------------+
 *
 *   header, i32     0 magic "OHrg", 1 version, 2 features (0), 3 layout, 4 capacity, 5 stages, 6 sum of 0 … 5
 *   producer        0 position i32, 8 role i64
 *   stage           0 position i32, 8 role i64, 16 i32 the stages it follows, one bit each; 0: it follows the producer
 *
 * A position counts slots in the range 0 … 2 · capacity − 1 and is that of slot `position mod capacity`; so full and empty differ and every slot is used,
 * and nothing ever overflows. It lies in bits 0 … 29 of its word. Bit 31 says that somebody sleeps until it moves: who moves it does so by one
 * compare-and-swap, sees the bit and wakes. Bit 30 changes when a role is taken, so that one that was taken for dead cannot move it any more.
 *
 *   the producer's position: slots before it are written; a stage's position: slots before it are done with
 *
 * Each position has two cache lines to itself, because processors fetch lines in pairs.
 *
 * Invariants:
 * 1. The producer's position is written by who has the producer's role, a stage's by who has the stage's; bit 31 is set by anybody.
 * 2. No stage is before the ones it follows, nor more than capacity behind the producer: 0 ≤ producer − stage ≤ capacity, modulo 2 · capacity.
 * 3. Slots between the last stages and the producer are not written, but by the stage to which they have come; all others are the producer's.
 * 4. What a producer has written beyond its position is not there: a producer that dies leaves nothing half done.
 */
import { alignUp } from "../../core/align.ts";
import { checkCount } from "../../core/check-count.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import { checkWritableHome } from "../../core/writable.ts";
import { layoutWordOf } from "../../layout/fingerprint.ts";
import type { Type } from "../../layout/type.ts";
import { checkBeginning, checkHolds, readHead, writeHead } from "../head-words.ts";

export const SLEEPER = 0x8000_0000 | 0;
export const TURN = 0x4000_0000;
export const POSITION_MASK = 0x3fff_ffff;
const LINE = 64;
const LINES = 2 * LINE;
const ROLE = 8;
const FOLLOWS_WORD = 4;
export const MOST_SLOTS = 2 ** 29 - 1;
export const MOST_STAGES = 30;
const KIND = { subject: "ring", magic: magicOf("OHrg"), version: 1 };

export interface RingShape {
  readonly capacity: number;
  /** For each stage the bits of those that it follows. One 0 is a ring of one producer and one consumer. */
  readonly follows: readonly number[];
}

export interface RingPlan extends RingShape {
  /** From the beginning of the memory, in bytes. */
  readonly byteOffset: number;
  readonly slots: number;
  readonly byteLength: number;
}

export function planRing(type: Pick<Type<unknown, never>, "byteSize" | "align">, shape: RingShape, byteOffset: number): RingPlan {
  const { capacity, follows } = shape;
  const slots = alignUp(byteOffset + LINES * (2 + follows.length), Math.max(LINE, type.align));
  return { capacity, follows, byteOffset, slots, byteLength: alignUp(slots - byteOffset + capacity * type.byteSize, LINE) };
}

/** Byte offset of the producer's words; -1 for it, else those of a stage. */
export function lineOf({ byteOffset }: RingPlan, stage: number): number {
  return byteOffset + LINES * (2 + stage);
}

/** The i32 word of a position. `stage` -1 is the producer. */
export function positionWord(plan: RingPlan, stage: number): number {
  return lineOf(plan, stage) / 4;
}

export function roleOffset(plan: RingPlan, stage: number): number {
  return lineOf(plan, stage) + ROLE;
}

/** Throws `invalid-argument`. */
export function checkShape({ capacity, follows }: RingShape): void {
  checkCount("ring", "capacity", capacity, 1, MOST_SLOTS);
  checkCount("ring", "stages", follows.length, 1, MOST_STAGES);
}

/** An empty ring. Throws `read-only`, `out-of-bounds`, `invalid-argument`. */
export function formatRing(memory: Memory, type: Type<unknown, never>, shape: RingShape, byteOffset: number): RingPlan {
  checkShape(shape);
  checkBeginning("ring", byteOffset);
  checkWritableHome(`ring of ${type.name}`, memory);
  const plan = planRing(type, shape, byteOffset);
  memory.checkRange(byteOffset, plan.byteLength);
  memory.u8.fill(0, byteOffset, plan.slots);
  for (const [stage, mask] of shape.follows.entries()) memory.i32[positionWord(plan, stage) + FOLLOWS_WORD] = mask;
  writeHead(memory, byteOffset, KIND, [layoutWordOf(type), shape.capacity, shape.follows.length]);
  return plan;
}

/** What the header says. Throws `corrupt`, `unsupported-format`, `layout-mismatch`, `out-of-bounds`, `read-only`. */
export function readRing(memory: Memory, type: Type<unknown, never>, byteOffset: number): RingPlan {
  checkWritableHome(`ring of ${type.name}`, memory);
  const [layout, capacity, stages] = readHead(memory, byteOffset, KIND, 3);
  checkHolds(memory, KIND.subject, layout, type);
  checkCount("ring", "stages", stages, 1, MOST_STAGES);
  memory.checkRange(byteOffset, LINES * (2 + stages));
  const follows = Array.from({ length: stages }, (_, stage) => memory.i32[(byteOffset + LINES * (2 + stage)) / 4 + FOLLOWS_WORD]);
  checkShape({ capacity, follows });
  const plan = planRing(type, { capacity, follows }, byteOffset);
  memory.checkRange(byteOffset, plan.byteLength);
  return plan;
}

/** The stages that nobody follows: what they are done with the producer may write again. */
export function lastStages({ follows }: RingShape): number[] {
  const followed = follows.reduce((all, mask) => all | mask, 0);
  return follows.flatMap((_, stage) => (followed & (1 << stage) ? [] : [stage]));
}

/** The stages that a stage waits for; -1, the producer, where it follows none. */
export function sourcesOf({ follows }: RingShape, stage: number): number[] {
  const mask = follows[stage];
  return mask === 0 ? [-1] : follows.flatMap((_, other) => (mask & (1 << other) ? [other] : []));
}

/** How far `from` is behind `to`, in slots. */
export function distance(from: number, to: number, capacity: number): number {
  return to >= from ? to - from : to - from + 2 * capacity;
}

/** What contradicts the invariants; empty when sound. For moments when nobody moves. */
export function checkRing({ i32 }: Memory, plan: RingPlan): string[] {
  const found: string[] = [];
  const { capacity, follows } = plan;
  const at = (stage: number) => Atomics.load(i32, positionWord(plan, stage)) & POSITION_MASK;
  for (let stage = -1; stage < follows.length; stage++) {
    if (at(stage) >= 2 * capacity)
      found.push(`${stage < 0 ? "the producer" : `stage ${stage}`} is at position ${at(stage)} of ${2 * capacity}`);
  }
  for (const stage of follows.keys()) {
    const behind = distance(at(stage), at(-1), capacity);
    if (behind > capacity) found.push(`stage ${stage} is ${behind} slots behind the producer, of ${capacity}`);
    for (const source of sourcesOf(plan, stage)) {
      if (source >= 0 && distance(at(source), at(-1), capacity) > behind)
        found.push(`stage ${stage} is before stage ${source}, which it follows`);
    }
  }
  return found;
}
