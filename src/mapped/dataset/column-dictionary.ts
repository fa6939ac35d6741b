import { Dictionary } from "../../collections/strings/dictionary.ts";
import type { StringId } from "../../collections/strings/string-id.ts";
import type { Memory } from "../../core/memory.ts";
import type { Block } from "./manifest.ts";

/** The strings of a text column. Their block is looked at when the first of them is asked for: opening a file touches none. */
export class ColumnDictionary {
  readonly #memory: Memory;
  readonly #block: Block;
  #dictionary: Dictionary | undefined;

  constructor(memory: Memory, block: Block) {
    this.#memory = memory;
    this.#block = block;
  }

  /** Throws `corrupt` when the block's header contradicts itself. */
  get dictionary(): Dictionary {
    this.#dictionary ??= Dictionary.attach(this.#memory, this.#block.byteOffset, this.#block.byteLength);
    return this.#dictionary;
  }

  resolve(id: StringId): string {
    const dictionary = this.#dictionary;
    return dictionary === undefined ? this.dictionary.resolve(id) : dictionary.resolve(id);
  }
}
