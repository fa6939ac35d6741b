import type { KindReader } from "./kind.ts";
import { arenaReader } from "./kinds/arena.ts";
import { broadcastReader } from "./kinds/broadcast.ts";
import { columnsReader } from "./kinds/columns.ts";
import { datasetReader } from "./kinds/dataset.ts";
import { heapReader } from "./kinds/heap.ts";
import { internerReader } from "./kinds/interner.ts";
import { lockReaders } from "./kinds/locks.ts";
import { messageRingReader } from "./kinds/message-ring.ts";
import { pipelineReader } from "./kinds/pipeline.ts";
import { poolReader } from "./kinds/pool.ts";
import { queueReader } from "./kinds/queue.ts";
import { ringReader } from "./kinds/ring.ts";
import { rootReader } from "./kinds/root.ts";
import { tableReader } from "./kinds/table.ts";

const KNOWN: readonly KindReader[] = [
  arenaReader,
  broadcastReader,
  columnsReader,
  datasetReader,
  heapReader,
  internerReader,
  ...lockReaders,
  messageRingReader,
  pipelineReader,
  poolReader,
  queueReader,
  ringReader,
  rootReader,
  tableReader,
];

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
