import { checkByteLength } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { decodeUtf8, encodedByteLength, encodeUtf8, findInvalidUtf8 } from "../core/utf8.ts";
import { BoxedType } from "./boxed.ts";
import type { Place } from "./place.ts";
import type { CopyCodec } from "./type.ts";

/** A string in a fixed number of bytes. */
export class Utf8Type extends BoxedType<string, string> {
  readonly codec: CopyCodec = { shape: "copy" };

  /** Use `utf8`. */
  constructor(byteLength: number) {
    const name = `utf8(${byteLength})`;
    super({ name, kind: "utf8", byteSize: byteLength, align: 1, signature: name });
  }

  rawRead({ u8 }: Memory, byteOffset: number): string {
    let end = byteOffset + this.byteSize;
    while (end > byteOffset && u8[end - 1] === 0) end -= 1;
    const invalid = findInvalidUtf8(u8, byteOffset, end);
    if (invalid >= 0) this.#throwInvalid(invalid, u8[invalid]);
    return decodeUtf8(u8, byteOffset, end);
  }

  rawCheck(value: unknown, place: Place): string {
    if (typeof value !== "string") return place.refuse(value, "Pass a string.");
    if (value.endsWith("\0"))
      place.refuse(value, "Strings end where their zeros begin: one that ends with U+0000 would not be read back.");
    const byteLength = measure(value, place);
    if (byteLength > this.byteSize) {
      place.refuse(value, "Shorten it, or give the field more bytes.", { byteLength, most: this.byteSize });
    }
    return value;
  }

  rawStore({ u8 }: Memory, byteOffset: number, checked: unknown): void {
    const written = encodeUtf8(checked as string, u8, byteOffset);
    u8.fill(0, byteOffset + written, byteOffset + this.byteSize);
  }

  #throwInvalid(byteOffset: number, byte: number): never {
    throw new MemoryError("corrupt", {
      subject: this.name,
      event: "was read where bytes lie that are not UTF-8",
      numbers: { byteOffset, byte },
      cure: "The bytes were written in another encoding or with another layout. bytes(n) reads them as they are.",
    });
  }
}

/**
 * A string in `byteLength` bytes of UTF-8, the rest zero: `char name[n]` of C without the need for a final zero. Reading makes a new string
 * each time (50 to 150 ns), and throws `corrupt` where other bytes than UTF-8 lie. Writing one that is too long throws `bad-value`; nothing is ever cut off.
 */
export function utf8(byteLength: number): Utf8Type {
  checkByteLength("utf8", "byteLength", byteLength, 1);
  return new Utf8Type(byteLength);
}

/** Half of a surrogate pair has no UTF-8. */
function measure(text: string, place: Place): number {
  try {
    return encodedByteLength(text);
  } catch {
    return place.refuse(text, "It has half of a surrogate pair: `toWellFormed()` replaces such.");
  }
}
