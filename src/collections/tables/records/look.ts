import { alignUp } from "../../../core/align.ts";
import { privateMemory } from "../../../core/homes.ts";
import type { Memory } from "../../../core/memory.ts";
import { hasEnded } from "./expiry.ts";
import { KEY_BYTES, KEY_BYTES_MASK, VALUE_BYTES } from "./layout.ts";
import type { RecordStore } from "./store.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

/** Looks at the bytes of a value where they lie, at `byteOffset` of `memory`. */
export type Look<Result> = (bytes: Uint8Array, memory: Memory, byteOffset: number) => Result;

/** The value of the record at `ref`, read where it lies; undefined when it has ended. The shard is held. */
export function valueAt<Key, Value, Input>(
  { values, records, memory }: RecordStore<Key, Value, Input>,
  ref: number,
): Value | undefined {
  const { i32 } = memory;
  const byteOffset = ref * 8 + records.valueOffset(i32[ref * 2 + KEY_BYTES] & KEY_BYTES_MASK);
  if (values.prefix !== 0 && hasEnded(memory.f64[byteOffset / 8])) return undefined;
  return values.read(memory, byteOffset, i32[ref * 2 + VALUE_BYTES]);
}

/** Looks at the value of the record that begins at a word of `memory`. */
export function lookAt<Result>({ values, records }: AnyStore, memory: Memory, record: number, look: Look<Result>): Result {
  const byteOffset = record * 4 + records.valueOffset(memory.i32[record + KEY_BYTES] & KEY_BYTES_MASK) + values.prefix;
  return look(memory.bytes(byteOffset, memory.i32[record + VALUE_BYTES] - values.prefix), memory, byteOffset);
}

/** Whether the record at `ref` has that value, byte for byte. */
export function hasValue({ values, records, memory }: AnyStore, ref: number, checked: unknown): boolean {
  const byteLength = values.byteLength(checked);
  if (memory.i32[ref * 2 + VALUE_BYTES] !== byteLength) return false;
  using other = privateMemory(alignUp(byteLength, 8));
  values.store(other, 0, checked);
  const valueAt = ref * 8 + records.valueOffset(memory.i32[ref * 2 + KEY_BYTES] & KEY_BYTES_MASK);
  for (let at = values.prefix; at < byteLength; at++) if (other.u8[at] !== memory.u8[valueAt + at]) return false;
  return true;
}
