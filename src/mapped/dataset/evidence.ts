import type { FieldBatch } from "../../parse/field-batch.ts";
import { FieldKind } from "../../parse/field-kind.ts";
import { NumberKind, NumberReader } from "../../parse/number.ts";

/** What a column without a declared type turns out to hold. */
export type Verdict = "nothing" | "number" | "boolean" | "text" | "big integer" | "word" | "mixed";

/** The kinds of values that can be told from their spelling, and the first row of each. */
const NONE = -1;

/**
 * What the values of a column have in common, over all rows of the input: a type that holds for the first thousand rows and
 * not for the last is no type.
 *
 * Text input (CSV, TSV) has one rule: a column of whole or decimal numbers is a number column, one of true and false is a
 * boolean column, any other mixture is text, as it stands. JSON says the types itself, so mixtures there are mistakes.
 */
export class Evidence {
  firstNumber = NONE;
  firstBoolean = NONE;
  firstText = NONE;
  /** A whole number that a double cannot hold exactly. */
  firstBigInteger = NONE;
  /** NaN or Infinity. */
  firstWord = NONE;
  readonly #typed: boolean;
  readonly #reader = new NumberReader();

  /** `typed`: whether the input tells numbers, strings and booleans apart, as JSON does. */
  constructor(typed: boolean) {
    this.#typed = typed;
  }

  /** Takes in the column's fields of a batch that begins at row `firstRow` of the input. */
  add(batch: FieldBatch, u8: Uint8Array, columnIndex: number, firstRow: number): void {
    const { rowCount, stride, starts, ends, kinds } = batch;
    for (let row = 0, field = columnIndex; row < rowCount; row++, field += stride) {
      const kind = kinds[field];
      if (kind === FieldKind.NULL || kind === FieldKind.MISSING) continue;
      if (kind === FieldKind.STRING || kind === FieldKind.JSON) this.addKind(NumberKind.TEXT, firstRow + row);
      else if (kind === FieldKind.TRUE || kind === FieldKind.FALSE) this.addKind(NumberKind.TRUE, firstRow + row);
      else this.addKind(this.#reader.read(u8, starts[field], ends[field]), firstRow + row);
      if (this.settled) return;
    }
  }

  /** Takes in one value by its spelling, or many rows of one spelling by the first of them. */
  addKind(kind: number, row: number): void {
    if (kind === NumberKind.EMPTY) return;
    if (kind === NumberKind.INTEGER || kind === NumberKind.DECIMAL) this.firstNumber = first(this.firstNumber, row);
    else if (kind === NumberKind.TRUE || kind === NumberKind.FALSE) this.firstBoolean = first(this.firstBoolean, row);
    else if (kind === NumberKind.BIG_INTEGER) this.firstBigInteger = first(this.firstBigInteger, row);
    else if (kind === NumberKind.WORD) this.firstWord = first(this.firstWord, row);
    else this.firstText = first(this.firstText, row);
  }

  /** Whether no further row can change the verdict. */
  get settled(): boolean {
    const verdict = this.verdict();
    return verdict === "text" || verdict === "mixed" ? !this.#typed || verdict === "mixed" : false;
  }

  verdict(): Verdict {
    const numbers = this.firstNumber >= 0 || this.firstBigInteger >= 0 || this.firstWord >= 0;
    const [booleans, texts] = [this.firstBoolean >= 0, this.firstText >= 0];
    const categories = Number(numbers) + Number(booleans) + Number(texts);
    if (categories === 0) return "nothing";
    if (categories > 1) return this.#typed ? "mixed" : "text";
    if (texts) return "text";
    if (booleans) return "boolean";
    if (this.firstBigInteger >= 0) return "big integer";
    // A column of nothing but NaN says nothing of numbers.
    if (this.firstWord >= 0) return this.firstNumber >= 0 ? "word" : "text";
    return "number";
  }
}

function first(known: number, row: number): number {
  return known >= 0 && known <= row ? known : row;
}
