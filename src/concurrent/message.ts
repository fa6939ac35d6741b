import type { Memory } from "../core/memory.ts";
import { decodeUtf8 } from "../core/utf8.ts";

/** A message where it lies. One object that shows one after another, for the time of the call that it is handed to: copy what is to stay. */
export class Message {
  readonly memory: Memory;
  /** What its producer has called it, a whole number of 32 bits. */
  type = 0;
  /** Where it begins in the memory. */
  byteOffset = 0;
  byteLength = 0;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  /** The bytes, without a copy. */
  bytes(): Uint8Array {
    return this.memory.bytes(this.byteOffset, this.byteLength);
  }

  /** The bytes, a copy that stays. */
  copy(): Uint8Array {
    return this.memory.u8.slice(this.byteOffset, this.byteOffset + this.byteLength);
  }

  /** The bytes read as UTF-8. Throws `malformed-input`. */
  text(): string {
    return decodeUtf8(this.memory.u8, this.byteOffset, this.byteOffset + this.byteLength);
  }
}
