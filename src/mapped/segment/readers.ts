import type { KindReader } from "./kind.ts";
import { arenaReader } from "./kinds/arena.ts";
import { columnsReader } from "./kinds/columns.ts";
import { internerReader } from "./kinds/interner.ts";
import { poolReader } from "./kinds/pool.ts";
import { ringReader } from "./kinds/ring.ts";
import { rootReader } from "./kinds/root.ts";
import { tableReader } from "./kinds/table.ts";

const KNOWN: readonly KindReader[] = [arenaReader, columnsReader, internerReader, poolReader, ringReader, rootReader, tableReader];

/** What can be told of kinds of structures without their types. */
export class Readers {
  readonly #readers: readonly KindReader[];

  /** Those of this version, and those of the program's own kinds. */
  constructor(own: readonly KindReader[] = []) {
    this.#readers = [...KNOWN, ...own];
  }

  /** Undefined for a kind, or a format of it, that nobody knows. */
  of(kind: string, format: number): KindReader | undefined {
    return this.#readers.find((reader) => reader.kind === kind && reader.format === format);
  }
}
