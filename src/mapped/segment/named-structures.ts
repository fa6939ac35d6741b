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
import { checkCall, type Expectation, having, OPTIONS } from "../../core/check-call.ts";
import type { StructType } from "../../layout/struct.ts";
import { A_SIZED_TYPE, A_STRUCT, A_TYPE, type Fields } from "../../layout/struct-fields.ts";
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

const A_NAME: Expectation = { noun: "a name", is: (value) => typeof value === "string" };
const A_COUNT: Expectation = { noun: "a number", is: (value) => typeof value === "number" };
const A_MUTEX = having("a mutex", "heldBy");

/** What a segment keeps under names: each method is `open` with one kind. See `SegmentKind` for kinds of your own. */
export abstract class NamedStructures {
  /** A structure of any kind under a name. */
  abstract open<Made>(name: string, kind: SegmentKind<Made>): Made;

  /** Records that threads and processes add and remove at once: see `sharedPool`. */
  pool<T extends Type<unknown, never>>(name: string, type: T, options: SegmentPoolOptions = {}): SharedPool<T> {
    checkCall('segment.pool("orders", Order, { capacity: 10_000 })', [A_NAME, name], [A_SIZED_TYPE, type], [OPTIONS, options]);
    return this.open(name, poolKind(type, options));
  }

  /** Blocks one after the other, freed all at once: see `sharedBump`. */
  arena(name: string, options: SegmentArenaOptions = {}): SharedBump {
    checkCall('segment.arena("scratch", { byteLength: 65_536 })', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, arenaKind(options));
  }

  /** Blocks of any size, taken and freed one by one: see `sharedHeap`. */
  heap(name: string, options: SegmentHeapOptions = {}): SharedHeap {
    checkCall('segment.heap("blocks", { byteLength: 65_536 })', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, heapKind(options));
  }

  /** Rows of a struct, each field in an array of its own, written by one participant: see `columns`. */
  columns<const F extends Fields>(name: string, type: StructType<F>, options: SegmentColumnsOptions = {}): Columns<F> {
    checkCall('segment.columns("ticks", Tick, { capacity: 10_000 })', [A_NAME, name], [A_STRUCT, type], [OPTIONS, options]);
    return this.open(name, columnsKind(type, options));
  }

  /** Each string once, under the same id for all: see `sharedInterner`. Grows as long as the segment can. */
  interner<const Name extends string>(name: Name, options: SegmentInternerOptions = {}): SharedInterner<Name> {
    checkCall('segment.interner("names")', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, internerKind(name, options));
  }

  /** A map that all participants read and write: see `sharedHashTable`. Grows as long as the segment can. */
  table<Key, Value, Input = Value>(
    name: string,
    options: SegmentTableOptions<Key, Value, Input>,
  ): SharedHashTable<Key, Value, Input> {
    const call = 'segment.table("positions", { key: text, value: f64 })';
    checkCall(call, [A_NAME, name], [OPTIONS, options], [A_TYPE, options?.key], [A_TYPE, options?.value]);
    return this.open(name, tableKind(options));
  }

  /** A data set that nobody changes, copied in from its file: see `openDataset`. */
  dataset<const Schema extends RowSchema>(
    name: string,
    options: SegmentDatasetOptions<Schema> & { readonly row: Schema },
  ): Dataset<RowOf<Schema>>;
  dataset(name: string, options?: SegmentDatasetOptions): Dataset<UntypedRow>;
  dataset<Row extends object>(name: string, options: SegmentDatasetOptions = {}): Dataset<Row> {
    checkCall('segment.dataset("cities", { from: "cities.seg" })', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, datasetKind<Row>(options));
  }

  /** Values from one participant to another: see `ring`. */
  ring<T extends Type<unknown, never>>(name: string, type: T, options: SegmentRingOptions = {}): SegmentRing<T> {
    checkCall('segment.ring("ticks", Tick, { capacity: 1024 })', [A_NAME, name], [A_SIZED_TYPE, type], [OPTIONS, options]);
    return this.open(name, ringKind(type, options));
  }

  /** Values that pass several stages of participants: see `pipeline`. */
  pipeline<T extends Type<unknown, never>, const S extends Stages>(
    name: string,
    type: T,
    options: SegmentPipelineOptions<S>,
  ): SegmentPipeline<T, S> {
    const call = 'segment.pipeline("jobs", Job, { capacity: 1024, stages: { parse: [], store: ["parse"] } })';
    checkCall(call, [A_NAME, name], [A_SIZED_TYPE, type], [OPTIONS, options]);
    return this.open(name, pipelineKind(type, options));
  }

  /** Values that any participant pushes and any pops: see `queue`. */
  queue<T extends Type<unknown, never>>(name: string, type: T, options: SegmentQueueOptions = {}): Queue<T> {
    checkCall('segment.queue("jobs", Job, { capacity: 1024 })', [A_NAME, name], [A_SIZED_TYPE, type], [OPTIONS, options]);
    return this.open(name, queueKind(type, options));
  }

  /** Messages of any length to one participant: see `messageRing`. */
  messageRing(name: string, options: SegmentMessageRingOptions = {}): SegmentMessageRing {
    checkCall('segment.messageRing("log", { byteCapacity: 65_536 })', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, messageRingKind(options));
  }

  /** Messages of any length from one participant to all who listen: see `broadcast`. */
  broadcast(name: string, options: SegmentBroadcastOptions = {}): SegmentBroadcast {
    checkCall('segment.broadcast("news", { byteCapacity: 65_536 })', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, broadcastKind(options));
  }

  /** One holder at a time: see `mutex`. Its holders sit in the segment's own seats. */
  mutex(name: string, options: SegmentLockOptions = {}): Mutex {
    checkCall('segment.mutex("lock")', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, mutexKind(options));
  }

  /** What holders of a mutex wait for: see `condition`. */
  condition(name: string, of: Mutex): Condition {
    checkCall('segment.condition("filled", segment.mutex("lock"))', [A_NAME, name], [A_MUTEX, of]);
    return this.open(name, conditionKind(of));
  }

  /** Many readers or one writer: see `rwLock`. */
  rwLock(name: string, options: SegmentLockOptions = {}): RwLock {
    checkCall('segment.rwLock("lock")', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, rwLockKind(options));
  }

  /** Something small that is read very often: see `seqlock`. */
  seqlock(name: string, options: SegmentLockOptions = {}): Seqlock {
    checkCall('segment.seqlock("quote")', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, seqlockKind(options));
  }

  /** So many holders at a time: see `semaphore`. */
  semaphore(name: string, options: SegmentSemaphoreOptions): Semaphore {
    checkCall('segment.semaphore("connections", { permits: 10 })', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, semaphoreKind(options));
  }

  /** Where so many participants wait for each other: see `barrier`. */
  barrier(name: string, parties: number): Barrier {
    checkCall('segment.barrier("start", 4)', [A_NAME, name], [A_COUNT, parties]);
    return this.open(name, barrierKind(parties));
  }

  /** Work that is done once for all: see `once`. */
  once(name: string, options: Pick<SegmentLockOptions, "timeoutMs"> = {}): Once {
    checkCall('segment.once("setup")', [A_NAME, name], [OPTIONS, options]);
    return this.open(name, onceKind(options));
  }

  /** One value, of zeros at first. Its fields are plain memory, which all share. */
  root<T extends Type<unknown, never>>(type: T, name = "root"): ViewOf<T> {
    checkCall('segment.root(Totals, "totals")', [A_SIZED_TYPE, type], [A_NAME, name]);
    return this.open(name, rootKind(type));
  }
}
