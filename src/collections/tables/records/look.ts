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
export function valueAt<Key, Value, Input>(store: RecordStore<Key, Value, Input>, ref: number): Value | undefined {
  const { values, memory } = store;
  return isLasting(store, ref) ? values.read(memory, valueOffset(store, ref), memory.i32[ref * 2 + VALUE_BYTES]) : undefined;
}

/** Whether the record at `ref` has not ended. The shard is held. */
export function isLasting(store: AnyStore, ref: number): boolean {
  return store.values.prefix === 0 || !hasEnded(store.memory.f64[valueOffset(store, ref) / 8]);
}

/** Looks at the value of the record that begins at a word of `memory`. */
export function lookAt<Result>({ values, records }: AnyStore, memory: Memory, record: number, look: Look<Result>): Result {
  const byteOffset = record * 4 + records.valueOffset(memory.i32[record + KEY_BYTES] & KEY_BYTES_MASK) + values.prefix;
  return look(memory.bytes(byteOffset, memory.i32[record + VALUE_BYTES] - values.prefix), memory, byteOffset);
}

/** Whether the record at `ref` has that value, byte for byte. */
export function hasValue(store: AnyStore, ref: number, checked: unknown): boolean {
  const { values, memory } = store;
  const byteLength = values.byteLength(checked);
  if (memory.i32[ref * 2 + VALUE_BYTES] !== byteLength) return false;
  using other = privateMemory(alignUp(byteLength, 8));
  values.store(other, 0, checked);
  const at = valueOffset(store, ref);
  for (let byte = values.prefix; byte < byteLength; byte++) if (other.u8[byte] !== memory.u8[at + byte]) return false;
  return true;
}

/** Where the value of the record at `ref` lies, with its prefix. */
function valueOffset({ records, memory }: AnyStore, ref: number): number {
  return ref * 8 + records.valueOffset(memory.i32[ref * 2 + KEY_BYTES] & KEY_BYTES_MASK);
}
