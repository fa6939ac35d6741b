import type { Allocator } from "../../alloc/allocator.ts";
import type { FieldBatch } from "../../parse/field-batch.ts";
import { NumberKind } from "../../parse/number.ts";
import { BigIntStore } from "./bigint-store.ts";
import { BooleanStore } from "./boolean-store.ts";
import type { DeclaredType } from "./declared-types.ts";
import { Evidence } from "./evidence.ts";
import { NumberStore } from "./number-store.ts";
import { TextStore } from "./text-store.ts";

export type ColumnStore = NumberStore | BooleanStore | BigIntStore | TextStore;

/**
 * A column on its way from text to typed values.
 *
 * Without a declared type it guesses from the first rows (or the first batch that holds a value), stores what comes as that type, and
 * goes on looking at what does not fit. A column that turns out otherwise (a text in row five million) is stored as text in a second reading of the input,
 * so the outcome depends on all rows and never on which came first.
 *
 * Invariants:
 * 1. rowCount = rows seen. While there is a store, it holds exactly those rows.
 * 2. `refusedRow` is set once a row did not fit the declared type; the build ends with it.
 */
export class ColumnDraft {
  readonly name: string;
  readonly declared: DeclaredType | undefined;
  rowCount = 0;
  refusedRow = -1;
  store: ColumnStore | undefined;
  readonly evidence: Evidence;
  readonly #allocator: Allocator;
  readonly #typed: boolean;
  #failed = false;

  constructor(name: string, allocator: Allocator, options: { declared?: DeclaredType | undefined; typed: boolean }) {
    this.name = name;
    this.declared = options.declared;
    this.evidence = new Evidence(options.typed);
    this.#allocator = allocator;
    this.#typed = options.typed;
    if (options.declared !== undefined) this.store = this.#storeFor(options.declared.type);
  }

  /** Whether the column must be read again, as text. */
  get needsSecondReading(): boolean {
    return this.#failed && this.evidence.verdict() === "text";
  }

  /** Looks at the column's fields of a batch that begins at row `firstRow`, and stores nothing. */
  look(batch: FieldBatch, u8: Uint8Array, columnIndex: number, firstRow: number): void {
    if (this.declared === undefined && !this.evidence.settled) this.evidence.add(batch, u8, columnIndex, firstRow);
  }

  /** Takes in the column's fields of a batch. */
  add(batch: FieldBatch, u8: Uint8Array, columnIndex: number): void {
    const firstRow = this.rowCount;
    this.rowCount += batch.rowCount;
    if (this.store === undefined && !this.#failed) this.#choose(batch, u8, columnIndex, firstRow);
    if (this.store === undefined) {
      if (this.#failed && !this.evidence.settled) this.evidence.add(batch, u8, columnIndex, firstRow);
      return;
    }
    const fitting = this.store.append(batch, u8, columnIndex);
    if (fitting === batch.rowCount) return;
    if (this.declared !== undefined) {
      if (this.refusedRow < 0) this.refusedRow = firstRow + fitting;
      return;
    }
    this.#fail(batch, u8, columnIndex, firstRow);
  }

  /** Rows of a column that appears late in JSON input: nothing. */
  addMissing(count: number): void {
    this.rowCount += count;
    this.store?.appendMissing(count);
  }

  /** Begins the second reading. */
  restartAsText(): void {
    this.rowCount = 0;
    this.#failed = false;
    this.store = new TextStore(this.#allocator, { acceptsAll: true });
  }

  /** What to do at the end of the input with a column that never had a value. */
  settleEmpty(): void {
    if (this.store !== undefined || this.#failed) return;
    this.store = this.#textAfter(this.rowCount);
  }

  #choose(batch: FieldBatch, u8: Uint8Array, columnIndex: number, firstRow: number): void {
    if (this.evidence.verdict() === "nothing") this.evidence.add(batch, u8, columnIndex, firstRow);
    const verdict = this.evidence.verdict();
    if (verdict === "nothing") return;
    if (verdict === "mixed" || verdict === "big integer" || verdict === "word") {
      this.#failed = true;
      return;
    }
    if (verdict === "text") {
      this.store = this.#textAfter(firstRow);
      return;
    }
    this.store = this.#storeFor(verdict === "number" ? "f64" : "bool");
    this.store.appendMissing(firstRow);
  }

  /** For texts behind so many rows that had nothing: the empty text where all there is is text, and nothing where the input could have said so. */
  #textAfter(rows: number): TextStore {
    const store = new TextStore(this.#allocator);
    if (this.#typed) store.appendMissing(rows);
    else store.appendEmpty(rows);
    return store;
  }

  /** The guess was wrong: forget the values, keep what they were, and go on looking. */
  #fail(batch: FieldBatch, u8: Uint8Array, columnIndex: number, firstRow: number): void {
    const { store } = this;
    this.#failed = true;
    this.store = undefined;
    if (store instanceof NumberStore) this.evidence.addKind(NumberKind.INTEGER, store.firstPresent());
    else if (store instanceof BooleanStore) this.evidence.addKind(NumberKind.TRUE, store.firstPresent());
    else if (store instanceof TextStore) this.evidence.addKind(NumberKind.TEXT, store.firstPresent());
    this.evidence.add(batch, u8, columnIndex, firstRow);
  }

  #storeFor(type: DeclaredType["type"]): ColumnStore {
    if (type === "text") {
      return new TextStore(this.#allocator, {
        acceptsAll: this.declared !== undefined,
        emptyIsMissing: this.declared?.optional ?? false,
      });
    }
    if (type === "bool") return new BooleanStore(this.#allocator);
    if (type === "i64" || type === "u64") return new BigIntStore(this.#allocator, type);
    return new NumberStore(this.#allocator, this.declared === undefined ? undefined : type);
  }
}
