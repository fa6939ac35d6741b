import { BARRIER_BYTES, type Barrier, barrier } from "../../../concurrent/locks/barrier.ts";
import { CONDITION_BYTES, type Condition, condition } from "../../../concurrent/locks/condition.ts";
import { type LockOptions, MUTEX_BYTES, type Mutex, mutex } from "../../../concurrent/locks/mutex.ts";
import { ONCE_BYTES, type Once, once } from "../../../concurrent/locks/once.ts";
import { type RwLock, rwLock, rwLockByteLength } from "../../../concurrent/locks/rw-lock.ts";
import { type Semaphore, type SemaphoreOptions, semaphore, semaphoreByteLength } from "../../../concurrent/locks/semaphore.ts";
import { SEQLOCK_BYTES, type Seqlock, seqlock } from "../../../concurrent/locks/seqlock.ts";
import type { Memory } from "../../../core/memory.ts";
import { abandonLock } from "../../../core/robust-lock.ts";
import type { KindReader, SegmentKind, StructureHome } from "../kind.ts";
import { oneBlock } from "./one-block.ts";

export type SegmentLockOptions = Omit<LockOptions, "byteOffset">;
export type SegmentSemaphoreOptions = Omit<SemaphoreOptions, "byteOffset">;

const FORMAT = 1;

/** One holder at a time: see `mutex`. */
export function mutexKind(options: SegmentLockOptions): SegmentKind<Mutex> {
  const make = ({ roster }: StructureHome, byteOffset: number) => mutex(roster, { ...options, byteOffset });
  return lockKind("mutex", "", () => MUTEX_BYTES, make);
}

/** Many readers or one writer: see `rwLock`. */
export function rwLockKind(options: SegmentLockOptions): SegmentKind<RwLock> {
  const make = ({ roster }: StructureHome, byteOffset: number) => rwLock(roster, { ...options, byteOffset });
  return lockKind("rw-lock", "", ({ roster }) => rwLockByteLength(roster.seats.count), make);
}

/** Something small that is read very often and changed now and then: see `seqlock`. */
export function seqlockKind(options: SegmentLockOptions): SegmentKind<Seqlock> {
  const make = ({ roster }: StructureHome, byteOffset: number) => seqlock(roster, { ...options, byteOffset });
  return lockKind("seqlock", "", () => SEQLOCK_BYTES, make);
}

/** So many holders at a time: see `semaphore`. */
export function semaphoreKind(options: SegmentSemaphoreOptions): SegmentKind<Semaphore> {
  const { permits } = options;
  const make = ({ roster }: StructureHome, byteOffset: number) => semaphore(roster, { ...options, byteOffset });
  return lockKind("semaphore", `${permits} permits`, () => semaphoreByteLength(permits), make);
}

/** Work that is done once for all: see `once`. */
export function onceKind(options: Pick<SegmentLockOptions, "timeoutMs">): SegmentKind<Once> {
  const make = ({ roster }: StructureHome, byteOffset: number) => once(roster, { ...options, byteOffset });
  return lockKind("once", "", () => ONCE_BYTES, make);
}

/** Where participants wait for each other: see `barrier`. */
export function barrierKind(parties: number): SegmentKind<Barrier> {
  const make = ({ memory }: StructureHome, byteOffset: number) => barrier(memory, { parties, byteOffset });
  return lockKind("barrier", `${parties} parties`, () => BARRIER_BYTES, make);
}

/** What holders of a mutex wait for: see `condition`. */
export function conditionKind(of: Mutex): SegmentKind<Condition> {
  const make = (_home: StructureHome, byteOffset: number) => condition(of, { byteOffset });
  return lockKind("condition", "", () => CONDITION_BYTES, make);
}

export const lockReaders: readonly KindReader[] = [
  ...["mutex", "rw-lock", "seqlock", "semaphore", "once"].map((kind) => lockReader(kind, forgetHolders)),
  // Nobody waits there any more.
  ...["barrier", "condition"].map((kind) => lockReader(kind, clear)),
];

/** Its holders are named by the segment's own seats. Zeros are one that nobody holds. */
function lockKind<Made extends object>(
  kind: string,
  signature: string,
  byteLengthIn: (home: StructureHome) => number,
  make: (home: StructureHome, byteOffset: number) => Made,
): SegmentKind<Made> {
  return {
    kind,
    format: FORMAT,
    signature,
    typeName: "",
    create(home) {
      const byteLength = byteLengthIn(home);
      const byteOffset = home.allocator.allocZeroed(byteLength, 64);
      return { made: make(home, byteOffset), byteOffset, byteLength };
    },
    attach: make,
    // Lets go of what is held from here.
    close: (made) => {
      if (Symbol.dispose in made) (made as Disposable)[Symbol.dispose]();
    },
    check: () => [],
  };
}

function lockReader(kind: string, forget: NonNullable<KindReader["forget"]>): KindReader {
  return { ...oneBlock(kind, FORMAT), forget };
}

/** Whoever holds the lock, or a place of it behind the first 64 bytes, is dead. */
function forgetHolders(memory: Memory, byteOffset: number, byteLength: number): void {
  abandonLock(memory, byteOffset);
  clear(memory, byteOffset + 64, byteLength - 64);
}

function clear({ u8 }: Memory, byteOffset: number, byteLength: number): void {
  u8.fill(0, byteOffset, byteOffset + byteLength);
}
