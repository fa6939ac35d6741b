import type { Allocator } from "../../alloc/allocator.ts";
import { freezeInterner } from "../../collections/strings/freeze-interner.ts";
import { MemoryError } from "../../core/errors.ts";
import type { BlockWriter } from "./block-writer.ts";
import type { ColumnDraft, ColumnStore } from "./column-draft.ts";
import type { Block, ColumnEntry, StoredType } from "./manifest.ts";
import type { NumberType } from "./number-store.ts";
import { TextStore } from "./text-store.ts";

/** The blocks of one column, written as narrow as its values allow. `indexed`: whether its texts will be looked up. */
export function writeColumn(draft: ColumnDraft, writer: BlockWriter, scratch: Allocator, indexed: boolean): ColumnEntry {
  const { name, store, declared } = draft;
  if (store === undefined) {
    throw new MemoryError("invalid-argument", {
      subject: `the column "${name}"`,
      event: "has no values yet",
      cure: "Read the input first.",
    });
  }
  const optional = declared?.optional ?? store.missingCount > 0;
  if (store instanceof TextStore) return writeText(name, optional, store, writer, scratch, indexed);
  const type = declared === undefined || declared.type === "text" ? store.narrowestType() : declared.type;
  const values = writeValues(store, type, writer);
  if (!optional) return { name, type, optional, values };
  writer.begin();
  for (const bits of store.validity.bitmap()) writer.write(bits);
  return { name, type, optional, values, validity: writer.end() };
}

function writeValues(store: Exclude<ColumnStore, TextStore>, type: StoredType, writer: BlockWriter): Block {
  writer.begin();
  for (const chunk of store.values.chunks()) {
    const narrowed = chunk instanceof Float64Array && type !== "f64" ? narrow(chunk, type) : chunk;
    writer.write(bytesOf(narrowed));
  }
  return writer.end();
}

function writeText(
  name: string,
  optional: boolean,
  store: TextStore,
  writer: BlockWriter,
  scratch: Allocator,
  indexed: boolean,
): ColumnEntry {
  const { size } = store.strings;
  const ids = size < 2 ** 8 ? "u8" : size < 2 ** 16 ? "u16" : "u32";
  writer.begin();
  for (const chunk of store.ids.chunks()) writer.write(bytesOf(ids === "u32" ? chunk : narrow(chunk, ids)));
  const values = writer.end();
  // The same input gives the same bytes, so the seed comes from the texts. Whom the hashes must withstand is not who wrote the file.
  const seed = (store.strings.textByteLength ^ Math.imul(size, 0x9e37_79b1)) >>> 0;
  const frozen = freezeInterner(store.strings, scratch, { index: indexed, seed });
  const dictionary = writer.block(scratch.memory.bytes(frozen.byteOffset, frozen.byteLength));
  return { name, type: "text", optional, ids, values, dictionary };
}

const NARROW = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
} as const;

/** The same numbers in another width; they are known to fit. */
function narrow(values: ArrayLike<number>, type: StoredType): ArrayBufferView {
  if (isNarrow(type)) return NARROW[type].from(values);
  throw new MemoryError("invalid-argument", {
    subject: `type ${type}`,
    event: "is no narrower than a double",
    cure: "Keep the doubles.",
  });
}

function isNarrow(type: StoredType): type is Exclude<NumberType, "f64"> {
  return type in NARROW;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
