import { MemoryError, type MemoryErrorCode } from "../../core/errors.ts";
import type { ColumnDraft } from "./column-draft.ts";
import type { Input } from "./input.ts";
import { tellType } from "./schema.ts";

/** Something wrong with one value of the input, told once its place is known. */
export interface RowProblem {
  readonly code: MemoryErrorCode;
  readonly rowIndex: number;
  readonly columnIndex: number;
  readonly columnName: string;
  /** What is wrong, as a sentence about the value: `is not a u32`. */
  readonly event: string;
  /** Another row that has to do with it. */
  readonly otherRowIndex?: number;
  readonly cure: string;
}

/** A value that does not fit the type that the user declared. */
export function undeclared(draft: ColumnDraft, columnIndex: number): RowProblem {
  const type = draft.declared === undefined ? "its type" : tellType(draft.declared);
  return {
    code: "bad-value",
    rowIndex: draft.refusedRow,
    columnIndex,
    columnName: draft.name,
    event: `does not fit the declared type ${type}`,
    cure: `Mend the value, or declare another type: --types ${draft.name}:text takes everything.`,
  };
}

/** A missing value where there must be one. */
export function missing(draft: ColumnDraft, rowIndex: number, columnIndex: number, isKey: boolean): RowProblem {
  return {
    code: "bad-value",
    rowIndex,
    columnIndex,
    columnName: draft.name,
    event: isKey
      ? "is missing, and it is the key"
      : `is missing, and the declared type ${draft.declared?.type ?? ""} allows no gaps`,
    cure: isKey
      ? "Give every row its key, or take another column as the key."
      : `Declare ${draft.name}:${draft.declared?.type ?? "text"}?`,
  };
}

/** The same key in two rows. */
export function duplicate(draft: ColumnDraft, rowIndex: number, columnIndex: number, otherRowIndex: number): RowProblem {
  return {
    code: "duplicate-key",
    rowIndex,
    columnIndex,
    columnName: draft.name,
    event: "is a key that an earlier row has already",
    otherRowIndex,
    cure: "Remove one of the rows, or take a column whose values all differ as the key.",
  };
}

/** What keeps a column without a declared type from having one, if anything does. */
export function unsettled(draft: ColumnDraft, columnIndex: number): RowProblem | undefined {
  const { evidence, name } = draft;
  const at = { code: "malformed-input", columnIndex, columnName: name } as const;
  const verdict = evidence.verdict();
  if (verdict === "big integer") {
    return {
      ...at,
      rowIndex: evidence.firstBigInteger,
      event: "is a whole number beyond 2^53, which a JavaScript number cannot hold exactly",
      cure: `Say what it shall be: --types ${name}:i64 (or u64; bigints), ${name}:text (as it stands) or ${name}:f64 (rounded).`,
    };
  }
  if (verdict === "word") {
    return {
      ...at,
      rowIndex: evidence.firstWord,
      event: "is not a finite number in a column of numbers",
      cure: `Remove it, or say what it shall be: --types ${name}:f64 (as it stands) or ${name}:text.`,
    };
  }
  if (verdict !== "mixed") return undefined;
  const [first, second] = [
    ["a number", evidence.firstNumber],
    ["a boolean", evidence.firstBoolean],
    ["a string", evidence.firstText],
  ]
    .flatMap(([kind, row]) => (typeof row === "number" && row >= 0 ? [{ kind, row }] : []))
    .sort((a, b) => a.row - b.row);
  return {
    ...at,
    rowIndex: second.row,
    event: `is ${second.kind}, and an earlier row has ${first.kind}`,
    otherRowIndex: first.row,
    cure: `Make them alike, or take all as they are spelled: --types ${name}:text.`,
  };
}

/** Finds the row in the input, by reading it again, and throws what is wrong with it. */
export function throwRowProblem(input: Input, problem: RowProblem): never {
  const place = input.locate(problem.rowIndex, problem.columnIndex);
  const other = problem.otherRowIndex === undefined ? undefined : input.locate(problem.otherRowIndex, problem.columnIndex);
  throw new MemoryError(problem.code, {
    subject: `${input.name} line ${place.line}, column ${problem.columnIndex + 1} "${problem.columnName}": ${place.text}`,
    event: problem.event,
    numbers: { line: place.line, row: problem.rowIndex, earlierLine: other?.line },
    cure: problem.cure,
  });
}
