import type { Allocator } from "../../alloc/allocator.ts";
import { hashTable } from "../../collections/tables/make-hash-table.ts";
import { BigIntStore } from "./bigint-store.ts";
import type { BlockWriter } from "./block-writer.ts";
import type { ColumnDraft } from "./column-draft.ts";
import type { Input } from "./input.ts";
import { keyTableTypes } from "./key-table.ts";
import type { Block, ColumnEntry } from "./manifest.ts";
import { NumberStore } from "./number-store.ts";
import { duplicate, missing, throwRowProblem } from "./row-problem.ts";
import { TextStore } from "./text-store.ts";

/**
 * Makes the index that finds rows by their key, and throws `duplicate-key` when two rows have the same.
 *
 * Text keys need no table of their own: when all are different, the id of a text is the number of its row plus one, and the
 * dictionary's index finds it. Numbers get a hash table from key to row.
 */
export function buildKeyIndex(
  input: Input,
  drafts: readonly ColumnDraft[],
  columns: readonly ColumnEntry[],
  key: string,
  rowCount: number,
  writer: BlockWriter,
  scratch: Allocator,
): Block | undefined {
  const columnIndex = drafts.findIndex(({ name }) => name === key);
  const draft = drafts[columnIndex];
  const { store } = draft;
  if (store instanceof TextStore) {
    checkTextKeys(input, draft, store, columnIndex);
    return undefined;
  }
  const { type, values } = columns[columnIndex];
  // The same input gives the same bytes, so the seed comes from the keys.
  const table = hashTable({
    ...keyTableTypes(type),
    allocator: scratch,
    capacity: rowCount,
    oneBlock: true,
    seed: values.checksum,
  });
  let row = 0;
  const add = (value: number | bigint) => {
    const known = table.getOrInsert(value, row);
    if (known !== row) throwRowProblem(input, duplicate(draft, row, columnIndex, known));
    row += 1;
  };
  if (store instanceof NumberStore || store instanceof BigIntStore)
    for (const chunk of store.values.chunks()) for (const value of chunk) add(value);
  return writer.block(scratch.memory.bytes(table.byteOffset, table.byteLength));
}

function checkTextKeys(input: Input, draft: ColumnDraft, store: TextStore, columnIndex: number): void {
  let row = 0;
  for (const chunk of store.ids.chunks()) {
    for (let i = 0; i < chunk.length; i++, row++) {
      if (chunk[i] === row + 1) continue;
      throwRowProblem(input, duplicate(draft, row, columnIndex, chunk[i] - 1));
    }
  }
  const empty = store.strings.lookup("");
  if (empty !== undefined) throwRowProblem(input, missing(draft, empty - 1, columnIndex, true));
}
