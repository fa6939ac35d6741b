import type { Allocator } from "../../alloc/allocator.ts";
import { SharedInterner } from "../../collections/strings/shared-interner.ts";
import type { MappedMemory } from "../mapped-memory.ts";
import { HEAD_AT, readReserve, TAIL_AT } from "./interner-file.ts";

/** An interner in a file. See {@link openInterner}. */
export class MappedInterner<Name extends string = string> extends SharedInterner<Name> {
  readonly path: string;
  readonly #file: MappedMemory;

  /** For `openInterner`. */
  constructor(memory: MappedMemory, path: string, allocator: Allocator | undefined, name: Name | undefined) {
    super(memory, HEAD_AT, allocator, name);
    this.path = path;
    this.#file = memory;
  }

  /** Saves what was interned so far to the disk, so that it survives a power failure. Milliseconds for some megabytes. Throws `io`, `disk-full`. */
  flush(): void {
    this.#file.flush();
  }

  /** `flush` while the event loop goes on. */
  flushAsync(): Promise<void> {
    return this.#file.flushAsync();
  }

  /** What is wrong with the file, while nobody interns: its header, every string and its hash, every id. Empty when all is sound. Reads everything. */
  verify(): string[] {
    try {
      readReserve(this.memory, this.path);
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
    const used = Atomics.load(this.memory.i32, TAIL_AT / 4) * 8;
    const beyond = [...this.blocks()].filter(({ ptr, byteSize }) => ptr + byteSize > used);
    return [
      ...beyond.map(({ ptr }) => `the block at byte ${ptr} lies beyond the ${used} bytes that are used`),
      ...this.checkInvariants(),
    ];
  }

  /** Closes the file as well. Ids and strings that were got before stay valid; the strings stay in the file. */
  override close(): void {
    super.close();
    this.#file.close();
  }
}
