import { arenaReader } from "./kinds/arena.ts";
import { columnsReader } from "./kinds/columns.ts";
import { poolReader } from "./kinds/pool.ts";
import { rootReader } from "./kinds/root.ts";
import type { KindReader } from "./kind.ts";

const READERS: readonly KindReader[] = [arenaReader, columnsReader, poolReader, rootReader];

/** What can read structures of a kind without knowing their types. Undefined for kinds, and formats of them, that this version does not know. */
export function readerOf(kind: string, format: number): KindReader | undefined {
  return READERS.find((reader) => reader.kind === kind && reader.format === format);
}
