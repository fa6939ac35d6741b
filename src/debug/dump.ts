import { checkByteLength } from "../core/align.ts";
import { A_MEMORY, checkCall } from "../core/check-call.ts";
import type { Memory } from "../core/memory.ts";
import type { Type } from "../layout/type.ts";

const ROW_BYTES = 16;

/**
 * Bytes as text. Without a type, sixteen a line with their offset and their ASCII; with one, a line for each field of each value that begins in
 * the range: where it lies, what it is called, its bytes and its value.
 *
 *     000040  00 00 80 3f 00 00 00 40  64 00 01                 ...?...@d..
 *
 *     000040  x     f32  00 00 80 3f  1
 *     000044  y     f32  00 00 00 40  2
 *
 * Throws `out-of-bounds`, `closed`, and `invalid-argument` where values of the type would be misaligned.
 */
export function dump(memory: Memory, byteOffset: number, byteLength: number, type?: Type): string {
  checkCall("dump(memory, byteOffset, byteLength, Particle)", [A_MEMORY, memory]);
  checkByteLength("dump", "byteLength", byteLength);
  const bytes = memory.bytes(byteOffset, byteLength);
  if (type === undefined) return hexRows(bytes, byteOffset).join("\n");
  const rows: Row[] = [];
  for (let at = 0; at + type.byteSize <= byteLength; at += type.byteSize) collect(rows, memory, type, byteOffset + at, "");
  const names = widest(rows.map(({ name }) => name));
  const types = widest(rows.map(({ typeName }) => typeName));
  return rows
    .flatMap(({ at, name, typeName, hex, value }) => {
      const told = `${address(at)}  ${name.padEnd(names)}  ${typeName.padEnd(types)}  ${hex}  ${value}`;
      return told.trimEnd();
    })
    .join("\n");
}

interface Row {
  readonly at: number;
  readonly name: string;
  readonly typeName: string;
  readonly hex: string;
  readonly value: string;
}

/** A row for `type` at `at`, or one for each of its parts. */
function collect(rows: Row[], memory: Memory, type: Type, at: number, name: string): void {
  if (isStruct(type)) {
    for (const [field, part] of Object.entries(type.fields)) {
      collect(rows, memory, part.type, at + part.byteOffset, name === "" ? field : `${name}.${field}`);
    }
    return;
  }
  if (isArray(type) && type.element.kind !== "scalar") {
    for (let index = 0; index < type.length; index++) {
      collect(rows, memory, type.element, at + index * type.element.byteSize, `${name}[${index}]`);
    }
    return;
  }
  const hex = Array.from(memory.bytes(at, type.byteSize), twoDigits).join(" ");
  rows.push({ at, name, typeName: type.name, hex, value: valueAt(memory, type, at) });
}

/** Bytes may say what no value of the type says: that is what one dumps them for. */
function valueAt(memory: Memory, type: Type, at: number): string {
  try {
    return tell(type.read(memory, at));
  } catch (error) {
    return `(${error instanceof Error ? error.message : error})`;
  }
}

function tell(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(tell).join(", ")}]`;
  return String(value);
}

function hexRows(bytes: Uint8Array, byteOffset: number): string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW_BYTES) {
    const row = [...bytes.subarray(at, at + ROW_BYTES)];
    const left = row.slice(0, 8).map(twoDigits).join(" ");
    const right = row.slice(8).map(twoDigits).join(" ");
    const ascii = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    rows.push(`${address(byteOffset + at)}  ${left.padEnd(23)}  ${right.padEnd(23)}  ${ascii}`);
  }
  return rows;
}

function isStruct(type: Type): type is Type & { readonly fields: Readonly<Record<string, { type: Type; byteOffset: number }>> } {
  return type.kind === "struct" && "fields" in type;
}

function isArray(type: Type): type is Type & { readonly element: Type; readonly length: number } {
  return type.kind === "array" && "element" in type && "length" in type;
}

function twoDigits(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function address(byteOffset: number): string {
  return byteOffset.toString(16).padStart(6, "0");
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, { length }) => Math.max(most, length), 0);
}
