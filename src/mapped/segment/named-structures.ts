import type { SharedHeap } from "../../alloc/heaps/shared-heap.ts";
import type { SharedBump } from "../../alloc/shared-bump.ts";
import type { Columns } from "../../collections/columns/columns.ts";
import type { SharedInterner } from "../../collections/strings/shared-interner.ts";
import type { SharedHashTable } from "../../collections/tables/shared-hash-table.ts";
import type { Barrier } from "../../concurrent/locks/barrier.ts";
import type { Condition } from "../../concurrent/locks/condition.ts";
import type { Mutex } from "../../concurrent/locks/mutex.ts";
import type { Once } from "../../concurrent/locks/once.ts";
import type { RwLock } from "../../concurrent/locks/rw-lock.ts";
import type { Semaphore } from "../../concurrent/locks/semaphore.ts";
import type { Seqlock } from "../../concurrent/locks/seqlock.ts";
import type { SharedPool } from "../../concurrent/pools/shared-pool.ts";
import type { Stages } from "../../concurrent/rings/pipeline.ts";
import type { Queue } from "../../concurrent/rings/queue.ts";
import type { StructType } from "../../layout/struct.ts";
import type { Fields } from "../../layout/struct-fields.ts";
import type { Type, ViewOf } from "../../layout/type.ts";
import type { Dataset, RowOf, RowSchema, UntypedRow } from "../dataset/dataset.ts";
import type { SegmentKind } from "./kind.ts";
import { arenaKind, type SegmentArenaOptions } from "./kinds/arena.ts";
import { broadcastKind, type SegmentBroadcast, type SegmentBroadcastOptions } from "./kinds/broadcast.ts";
import { columnsKind, type SegmentColumnsOptions } from "./kinds/columns.ts";
import { datasetKind, type SegmentDatasetOptions } from "./kinds/dataset.ts";
import { heapKind, type SegmentHeapOptions } from "./kinds/heap.ts";
import { internerKind, type SegmentInternerOptions } from "./kinds/interner.ts";
import {
  barrierKind,
  conditionKind,
  mutexKind,
  onceKind,
  rwLockKind,
  type SegmentLockOptions,
  type SegmentSemaphoreOptions,
  semaphoreKind,
  seqlockKind,
} from "./kinds/locks.ts";
import { messageRingKind, type SegmentMessageRing, type SegmentMessageRingOptions } from "./kinds/message-ring.ts";
import { pipelineKind, type SegmentPipeline, type SegmentPipelineOptions } from "./kinds/pipeline.ts";
import { poolKind, type SegmentPoolOptions } from "./kinds/pool.ts";
import { queueKind, type SegmentQueueOptions } from "./kinds/queue.ts";
import { ringKind, type SegmentRing, type SegmentRingOptions } from "./kinds/ring.ts";
import { rootKind } from "./kinds/root.ts";
import { type SegmentTableOptions, tableKind } from "./kinds/table.ts";

/** What a segment keeps under names: each method is `open` with one kind. See `SegmentKind` for kinds of your own. */
export abstract class NamedStructures {
  /** A structure of any kind under a name. */
  abstract open<Made>(name: string, kind: SegmentKind<Made>): Made;

  /** Records that threads and processes add and remove at once: see `sharedPool`. */
  pool<T extends Type<unknown, never>>(name: string, type: T, options: SegmentPoolOptions = {}): SharedPool<T> {
    return this.open(name, poolKind(type, options));
  }

  /** Blocks one after the other, freed all at once: see `sharedBump`. */
  arena(name: string, options: SegmentArenaOptions = {}): SharedBump {
    return this.open(name, arenaKind(options));
  }

  /** Blocks of any size, taken and freed one by one: see `sharedHeap`. */
  heap(name: string, options: SegmentHeapOptions = {}): SharedHeap {
    return this.open(name, heapKind(options));
  }

  /** Rows of a struct, each field in an array of its own, written by one participant: see `columns`. */
  columns<const F extends Fields>(name: string, type: StructType<F>, options: SegmentColumnsOptions = {}): Columns<F> {
    return this.open(name, columnsKind(type, options));
  }

  /** Each string once, under the same id for all: see `sharedInterner`. Grows as long as the segment can. */
  interner<const Name extends string>(name: Name, options: SegmentInternerOptions = {}): SharedInterner<Name> {
    return this.open(name, internerKind(name, options));
  }

  /** A map that all participants read and write: see `sharedHashTable`. Grows as long as the segment can. */
  table<Key, Value, Input = Value>(
    name: string,
    options: SegmentTableOptions<Key, Value, Input>,
  ): SharedHashTable<Key, Value, Input> {
    return this.open(name, tableKind(options));
  }

  /** A data set that nobody changes, copied in from its file: see `openDataset`. */
  dataset<const Schema extends RowSchema>(
    name: string,
    options: SegmentDatasetOptions<Schema> & { readonly row: Schema },
  ): Dataset<RowOf<Schema>>;
  dataset(name: string, options?: SegmentDatasetOptions): Dataset<UntypedRow>;
  dataset<Row extends object>(name: string, options: SegmentDatasetOptions = {}): Dataset<Row> {
    return this.open(name, datasetKind<Row>(options));
  }

  /** Values from one participant to another: see `ring`. */
  ring<T extends Type<unknown, never>>(name: string, type: T, options: SegmentRingOptions = {}): SegmentRing<T> {
    return this.open(name, ringKind(type, options));
  }

  /** Values that pass several stages of participants: see `pipeline`. */
  pipeline<T extends Type<unknown, never>, const S extends Stages>(
    name: string,
    type: T,
    options: SegmentPipelineOptions<S>,
  ): SegmentPipeline<T, S> {
    return this.open(name, pipelineKind(type, options));
  }

  /** Values that any participant pushes and any pops: see `queue`. */
  queue<T extends Type<unknown, never>>(name: string, type: T, options: SegmentQueueOptions = {}): Queue<T> {
    return this.open(name, queueKind(type, options));
  }

  /** Messages of any length to one participant: see `messageRing`. */
  messageRing(name: string, options: SegmentMessageRingOptions = {}): SegmentMessageRing {
    return this.open(name, messageRingKind(options));
  }

  /** Messages of any length from one participant to all who listen: see `broadcast`. */
  broadcast(name: string, options: SegmentBroadcastOptions = {}): SegmentBroadcast {
    return this.open(name, broadcastKind(options));
  }

  /** One holder at a time: see `mutex`. Its holders sit in the segment's own seats. */
  mutex(name: string, options: SegmentLockOptions = {}): Mutex {
    return this.open(name, mutexKind(options));
  }

  /** What holders of a mutex wait for: see `condition`. */
  condition(name: string, of: Mutex): Condition {
    return this.open(name, conditionKind(of));
  }

  /** Many readers or one writer: see `rwLock`. */
  rwLock(name: string, options: SegmentLockOptions = {}): RwLock {
    return this.open(name, rwLockKind(options));
  }

  /** Something small that is read very often: see `seqlock`. */
  seqlock(name: string, options: SegmentLockOptions = {}): Seqlock {
    return this.open(name, seqlockKind(options));
  }

  /** So many holders at a time: see `semaphore`. */
  semaphore(name: string, options: SegmentSemaphoreOptions): Semaphore {
    return this.open(name, semaphoreKind(options));
  }

  /** Where so many participants wait for each other: see `barrier`. */
  barrier(name: string, parties: number): Barrier {
    return this.open(name, barrierKind(parties));
  }

  /** Work that is done once for all: see `once`. */
  once(name: string, options: Pick<SegmentLockOptions, "timeoutMs"> = {}): Once {
    return this.open(name, onceKind(options));
  }

  /** One value, of zeros at first. Its fields are plain memory, which all share. */
  root<T extends Type<unknown, never>>(type: T, name = "root"): ViewOf<T> {
    return this.open(name, rootKind(type));
  }
}
