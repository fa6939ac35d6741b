export { Allocator } from "./alloc/allocator.ts";
export { Arena, arena } from "./alloc/arena.ts";
export type { ArenaChunk } from "./alloc/arena-chunks.ts";
export type { ArenaOptions } from "./alloc/arena-options.ts";
export type { ArenaScope } from "./alloc/arena-scope.ts";
export { Bump, type BumpOptions, bump } from "./alloc/bump.ts";
export { type Emplacement, emplace } from "./alloc/emplacement.ts";
export { type FallbackAllocator, fallback } from "./alloc/fallback.ts";
export type { Local, ScopedAllocator } from "./alloc/lifetime.ts";
export { type LimitedAllocator, limit } from "./alloc/limit.ts";
export { type AllocationEvent, type LoggingAllocator, logging } from "./alloc/logging.ts";
export { type NullAllocator, nullAllocator } from "./alloc/null-allocator.ts";
export type { RegionOptions } from "./alloc/region.ts";
export { attachSharedBump, type SharedBump, sharedBump } from "./alloc/shared-bump.ts";
export { attachSharedHeap, type SharedHeap, type SharedHeapOptions, sharedHeap } from "./alloc/shared-heap.ts";
export { attachSlab, type Slab, slab } from "./alloc/slab.ts";
export type { LiveBlock } from "./alloc/span-blocks.ts";
export { attachStack, type Stack, type StackMark, stack } from "./alloc/stack.ts";
export { type AllocationStatistics, type StatisticsAllocator, statistics } from "./alloc/statistics.ts";
export {
  type RepairableAllocator,
  type SynchronizedAllocator,
  type SynchronizedOptions,
  synchronized,
  synchronizedByteLength,
} from "./alloc/synchronized.ts";
export { attachTlsf, type Tlsf, tlsf } from "./alloc/tlsf.ts";
export type { TlsfBlock } from "./alloc/tlsf-blocks.ts";
export { type ValidatingAllocator, validating } from "./alloc/validating.ts";
export { AllocatorWrapper, type CheckableAllocator } from "./alloc/wrapper.ts";
export {
  type ChunkedColumns,
  type ChunkedColumnsOptions,
  type ColumnChunk,
  chunkedColumns,
} from "./collections/chunked-columns.ts";
export { ColumnBuffer, columnBuffer, type ElementOf } from "./collections/column-buffer.ts";
export { Columns, columns } from "./collections/columns.ts";
export type { ColumnOf, ColumnRow, ColumnsOptions } from "./collections/columns-options.ts";
export type { RowCursor } from "./collections/columns-row.ts";
export { Dictionary } from "./collections/dictionary.ts";
export { type FreezeOptions, freezeInterner, frozenByteLength } from "./collections/freeze-interner.ts";
export type { GrowingStrings } from "./collections/growing-strings.ts";
export { HashMultimap, type HashMultimapOptions, hashMultimap } from "./collections/hash-multimap.ts";
export { HashSet, type HashSetOptions, hashSet, type SetTable } from "./collections/hash-set.ts";
export { HashTable } from "./collections/hash-table.ts";
export type { HashTableStats } from "./collections/hash-table-check.ts";
export type { HashTableOptions, HashTableTypes } from "./collections/hash-table-options.ts";
export { type IdType, idOf } from "./collections/id-type.ts";
export type { DelimitedOptions, TokenRun } from "./collections/intern-many.ts";
export { type InternedStrings, type InternedType, interned } from "./collections/interned-type.ts";
export { Interner, interner } from "./collections/interner.ts";
export type { IdWidth, InternerOptions } from "./collections/interner-options.ts";
export { hashTable } from "./collections/make-hash-table.ts";
export { Pool, pool } from "./collections/pool.ts";
export { loadPool, savePool } from "./collections/pool-bytes.ts";
export type { Poolable, PoolOptions } from "./collections/pool-options.ts";
export { present } from "./collections/present.ts";
export type { RecordReader } from "./collections/record-reader.ts";
export type { RecordTable, SetOptions, TableBlock } from "./collections/record-table.ts";
export type { RecordTableOptions, RecordTableTypes } from "./collections/record-table-options.ts";
export type { RecordTableStats } from "./collections/records/verify.ts";
export { type SecondaryMap, type SecondaryMapOptions, secondaryMap } from "./collections/secondary-map.ts";
export { attachSharedInterner, sharedInterner } from "./collections/share-interner.ts";
export {
  type AttachColumnsOptions,
  attachColumns,
  type SharedColumnsOptions,
  sharedColumns,
  sharedColumnsByteLength,
} from "./collections/shared-columns.ts";
export {
  type AttachSharedTableOptions,
  attachSharedHashTable,
  type SharedHashTable,
  type SharedTableOptions,
  type SharedTableParticipant,
  sharedHashTable,
  sharedHashTableByteLength,
} from "./collections/shared-hash-table.ts";
export type { SharedInterner } from "./collections/shared-interner.ts";
export { type SlotMap, type SlotMapOptions, slotMap } from "./collections/slot-map.ts";
export { type SparseSet, sparseSet } from "./collections/sparse-set.ts";
export { NO_STRING, type StringId } from "./collections/string-id.ts";
export { Strings } from "./collections/strings.ts";
export type { StringEncoding } from "./collections/text-content.ts";
export type { IdArray } from "./collections/token-list.ts";
export { NIL, type Ptr } from "./core/brand.ts";
export { MemoryError, type MemoryErrorCode } from "./core/errors.ts";
export { formatHandle, type Handle, type HandleForm, type HandleParts, handleParts, NO_HANDLE } from "./core/handle.ts";
export { attach, privateMemory, type ReserveOptions, sharedMemory, wasmMemory } from "./core/homes.ts";
export { type Home, Memory, type ViewName } from "./core/memory.ts";
export { GiB, KiB, MiB } from "./core/size.ts";
export { loadStored, type StoredBytes, type StoredFile, type StoredWriter, saveStored } from "./core/stored-file.ts";
export type { Ticket } from "./core/ticket.ts";
export { type ArrayInput, type ArrayType, type ArrayView, array } from "./layout/array.ts";
export { type BlobType, blob } from "./layout/blob.ts";
export { type BoolType, bool } from "./layout/bool.ts";
export { type BytesType, bytes } from "./layout/bytes.ts";
export type { Cursor } from "./layout/cursor.ts";
export { type EnumType, enumOf } from "./layout/enum.ts";
export { fingerprint } from "./layout/fingerprint.ts";
export { type HandleType, handleTo } from "./layout/handle-type.ts";
export { type KernelOptions, kernel } from "./layout/kernel.ts";
export { type OptionalType, optional } from "./layout/optional.ts";
export { f32, f64, i8, i16, i32, i64, type ScalarType, u8, u16, u32, u64 } from "./layout/scalars.ts";
export { type StructInput, type StructType, type StructValue, type StructView, struct } from "./layout/struct.ts";
export { type TextType, text } from "./layout/text.ts";
export type { Boxed, FieldOf, InputOf, ReadonlyArrayView, ReadonlyViewOf, Type, ValueOf, ViewOf } from "./layout/type.ts";
export { type Utf8Type, utf8 } from "./layout/utf8.ts";
export { ptrOf } from "./layout/view-parts.ts";
export type { Bound } from "./layout/views.ts";
export type { Borrow, BorrowMut } from "./ownership/borrow.ts";
export { reclaim } from "./ownership/home-block.ts";
export { Ledger, ledger } from "./ownership/ledger.ts";
export { type OwnOptions, own, receiveOwner } from "./ownership/own.ts";
export type { Owner, OwnerOptions } from "./ownership/owner.ts";
export type { OwnerTicket, Postable, ReceiveOptions } from "./ownership/owner-ticket.ts";
export { type AsyncScope, asyncScope, type Scope, scope } from "./ownership/scope.ts";
export { receiveShared, type Shared, share, type Weak } from "./ownership/shared.ts";
