import { MemoryError } from "../../../core/errors.ts";
import type { Memory } from "../../../core/memory.ts";
import { layoutWord } from "../../../layout/fingerprint.ts";
import type { Type } from "../../../layout/type.ts";
import { BLOCK_ALIGN, corrupt, openHeader, sealHeader } from "../../block-header.ts";
import { DURABLE, EPOCH, KIND, MOST_SHARDS, planRecords, RECORDS_FORMAT, type RecordsPlan, SEED, SHAPE, TOP } from "./layout.ts";

const SEATS_SHIFT = 16;

/** What a head says of its table. */
export interface RecordsHead extends RecordsPlan {
  readonly seed: number;
  /** Bits of Kind. */
  readonly kind: number;
}

interface Types {
  readonly key: Type<unknown, never>;
  readonly value: Type<unknown, never>;
}

/** Writes the head of an empty table into zeros. */
export function writeHead(memory: Memory, byteOffset: number, types: Types, head: RecordsHead): void {
  const words = memory.slice("i32", byteOffset, 16);
  words[TOP] = Math.ceil(head.byteLength / 64);
  words[EPOCH] = 1;
  words[DURABLE] = 0;
  sealHeader(words, RECORDS_FORMAT, layoutOf(types), [head.shards | (head.seats << SEATS_SHIFT), head.seed | 0, head.kind]);
}

/** Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`, `invalid-argument`. */
export function readHead(memory: Memory, byteOffset: number, types: Types): RecordsHead {
  checkPlace(memory, byteOffset);
  const words = openHeader(memory, byteOffset, RECORDS_FORMAT, layoutOf(types), `${types.key.name} to ${types.value.name}`);
  const shards = words[SHAPE] & ((1 << SEATS_SHIFT) - 1);
  const plan = planRecords(shards, words[SHAPE] >>> SEATS_SHIFT);
  if (!isShards(shards) || byteOffset + plan.byteLength > memory.byteLength) {
    throw corrupt(memory, RECORDS_FORMAT, "has an impossible shape", { byteOffset, shards, byteLength: plan.byteLength });
  }
  return { ...plan, seed: words[SEED], kind: words[KIND] };
}

export function isShards(shards: number): boolean {
  return Number.isInteger(shards) && shards >= 1 && shards <= MOST_SHARDS && (shards & (shards - 1)) === 0;
}

export function checkPlace(memory: Memory, byteOffset: number): void {
  if (Number.isSafeInteger(byteOffset) && byteOffset >= 0 && byteOffset % BLOCK_ALIGN === 0) return;
  throw new MemoryError("invalid-argument", {
    subject: `hash table in ${memory.subject}`,
    event: "cannot begin at a misaligned offset",
    numbers: { byteOffset: String(byteOffset), align: BLOCK_ALIGN },
    cure: "Place it at a multiple of 64 bytes.",
  });
}

function layoutOf({ key, value }: Types): number {
  return layoutWord(`records:${key.signature}=>${value.signature}`);
}
