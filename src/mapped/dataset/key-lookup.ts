import type { Dictionary } from "../../collections/strings/dictionary.ts";
import { HashTable } from "../../collections/tables/hash-table.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import type { DatasetFile } from "./dataset-file.ts";
import { keyTableTypes } from "./key-table.ts";

/** Finds the row of a key. `find` returns -1 for a key that no row has. */
export interface KeyLookup {
  find(key: number | bigint | string): number;
  /** What is wrong with the index; an empty list means sound. */
  checkInvariants(): string[];
}

/** The lookup for a file's key: a number, a text, or the row's own number. */
export function keyLookup(file: DatasetFile): KeyLookup {
  const { key, keyIndex, columns, rowCount } = file.manifest;
  if (key === null) return new RowNumberLookup(file.memory, rowCount);
  const column = columns[file.columnIndex(key)];
  const strings = file.dictionaries[file.columnIndex(key)];
  if (strings !== undefined) return new TextLookup(file.memory, strings.dictionary, rowCount, key);
  if (keyIndex === undefined) {
    throw new MemoryError("corrupt", {
      subject: file.memory.subject,
      event: "has a key without an index",
      cure: "Build it again from its source.",
    });
  }
  const table = HashTable.attach(file.memory, keyIndex.byteOffset, keyTableTypes(column.type));
  return new NumberLookup(file.memory, table, rowCount, key, column.type === "i64" || column.type === "u64");
}

class RowNumberLookup implements KeyLookup {
  readonly #memory: Memory;
  readonly #rowCount: number;

  constructor(memory: Memory, rowCount: number) {
    this.#memory = memory;
    this.#rowCount = rowCount;
  }

  find(key: number | bigint | string): number {
    if (typeof key !== "number") throw wrongKey(this.#memory, "the row number", "a number", key);
    this.#memory.checkOpen();
    return Number.isInteger(key) && key >= 0 && key < this.#rowCount ? key : -1;
  }

  checkInvariants(): string[] {
    return [];
  }
}

/** The keys of a text column are all different, so the string with id i is the key of row i - 1. */
class TextLookup implements KeyLookup {
  readonly #memory: Memory;
  readonly #dictionary: Dictionary;
  readonly #rowCount: number;
  readonly #key: string;

  constructor(memory: Memory, dictionary: Dictionary, rowCount: number, key: string) {
    this.#memory = memory;
    this.#dictionary = dictionary;
    this.#rowCount = rowCount;
    this.#key = key;
  }

  find(key: number | bigint | string): number {
    if (typeof key !== "string") throw wrongKey(this.#memory, `the column "${this.#key}"`, "a string", key);
    this.#memory.checkOpen();
    const id = this.#dictionary.lookup(key);
    return id === undefined || id > this.#rowCount ? -1 : id - 1;
  }

  checkInvariants(): string[] {
    const { size } = this.#dictionary;
    return size === this.#rowCount ? [] : [`there are ${size} keys for ${this.#rowCount} rows`];
  }
}

class NumberLookup implements KeyLookup {
  readonly #memory: Memory;
  readonly #table: HashTable<number | bigint, number>;
  readonly #rowCount: number;
  readonly #key: string;
  readonly #isBigInt: boolean;

  constructor(memory: Memory, table: HashTable<number | bigint, number>, rowCount: number, key: string, isBigInt: boolean) {
    this.#memory = memory;
    this.#table = table;
    this.#rowCount = rowCount;
    this.#key = key;
    this.#isBigInt = isBigInt;
  }

  find(key: number | bigint | string): number {
    if (typeof key === "string" || typeof key !== (this.#isBigInt ? "bigint" : "number")) {
      throw wrongKey(this.#memory, `the column "${this.#key}"`, this.#isBigInt ? "a bigint" : "a number", key);
    }
    const rowIndex = this.#table.find(key, -1);
    // A damaged table must not send a reader past the columns.
    return rowIndex < this.#rowCount ? rowIndex : -1;
  }

  checkInvariants(): string[] {
    const { size } = this.#table;
    const problems = this.#table.checkInvariants();
    return size === this.#rowCount ? problems : [...problems, `there are ${size} keys for ${this.#rowCount} rows`];
  }
}

function wrongKey(memory: Memory, what: string, expected: string, key: unknown): MemoryError {
  return new MemoryError("invalid-argument", {
    subject: memory.subject,
    event: `is looked up by ${what}, which is ${expected}`,
    numbers: { got: `${typeof key} ${String(key)}` },
    cure: `Pass ${expected}.`,
  });
}
