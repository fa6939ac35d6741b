// So that programs whose `lib` lacks them know Disposable and `using`. Every door has this line.
/// <reference lib="esnext.disposable" preserve="true" />
export { Allocator } from "./alloc/allocator.ts";
export { Arena, arena } from "./alloc/arenas/arena.ts";
export type { ArenaChunk } from "./alloc/arenas/arena-chunks.ts";
export type { ArenaOptions } from "./alloc/arenas/arena-options.ts";
export type { ArenaScope } from "./alloc/arenas/arena-scope.ts";
export { type FallbackAllocator, fallback } from "./alloc/around/fallback.ts";
export { type LimitedAllocator, limit } from "./alloc/around/limit.ts";
export { type AllocationEvent, type LoggingAllocator, logging } from "./alloc/around/logging.ts";
export { type NullAllocator, nullAllocator } from "./alloc/around/null-allocator.ts";
export { type AllocationStatistics, type StatisticsAllocator, statistics } from "./alloc/around/statistics.ts";
export {
  type RepairableAllocator,
  type SynchronizedAllocator,
  type SynchronizedOptions,
  synchronized,
  synchronizedByteLength,
} from "./alloc/around/synchronized.ts";
export { type ValidatingAllocator, validating } from "./alloc/around/validating.ts";
export { AllocatorWrapper, type CheckableAllocator } from "./alloc/around/wrapper.ts";
export { Bump, type BumpOptions, bump } from "./alloc/bump.ts";
export { type Emplacement, emplace } from "./alloc/emplacement.ts";
export {
  type AttachSharedHeapOptions,
  attachSharedHeap,
  type SharedHeap,
  type SharedHeapOptions,
  sharedHeap,
} from "./alloc/heaps/shared-heap.ts";
export { attachSlab, type Slab, slab } from "./alloc/heaps/slab.ts";
export type { LiveBlock } from "./alloc/heaps/span-blocks.ts";
export { attachTlsf, type Tlsf, tlsf } from "./alloc/heaps/tlsf.ts";
export type { TlsfBlock } from "./alloc/heaps/tlsf-blocks.ts";
export type { Local, ScopedAllocator } from "./alloc/lifetime.ts";
export type { Placement } from "./alloc/own-memory.ts";
export type { RegionOptions } from "./alloc/region.ts";
export { attachSharedBump, type SharedBump, sharedBump } from "./alloc/shared-bump.ts";
export { attachStack, type Stack, type StackMark, stack } from "./alloc/stack.ts";
export {
  type ChunkedColumns,
  type ChunkedColumnsOptions,
  type ColumnChunk,
  chunkedColumns,
} from "./collections/columns/chunked-columns.ts";
export { ColumnBuffer, columnBuffer, type ElementOf } from "./collections/columns/column-buffer.ts";
export { Columns, columns } from "./collections/columns/columns.ts";
export type { ColumnOf, ColumnRow, ColumnsOptions, SortOptions } from "./collections/columns/columns-options.ts";
export type { RowCursor } from "./collections/columns/columns-row.ts";
export {
  type AttachColumnsOptions,
  attachColumns,
  type SharedColumnsOptions,
  sharedColumns,
  sharedColumnsByteLength,
} from "./collections/columns/shared-columns.ts";
export { Pool, pool } from "./collections/pools/pool.ts";
export { loadPool, savePool } from "./collections/pools/pool-bytes.ts";
export type { Poolable, PoolOptions } from "./collections/pools/pool-options.ts";
export { type SecondaryMap, type SecondaryMapOptions, secondaryMap } from "./collections/pools/secondary-map.ts";
export { type SlotMap, type SlotMapOptions, slotMap } from "./collections/pools/slot-map.ts";
export { type SparseSet, sparseSet } from "./collections/pools/sparse-set.ts";
export { Dictionary } from "./collections/strings/dictionary.ts";
export { type FreezeOptions, freezeInterner, frozenByteLength } from "./collections/strings/freeze-interner.ts";
export type { GrowingStrings } from "./collections/strings/growing-strings.ts";
export { type IdType, idOf } from "./collections/strings/id-type.ts";
export type { DelimitedOptions, TokenRun } from "./collections/strings/intern-many.ts";
export { type InternedStrings, type InternedType, interned } from "./collections/strings/interned-type.ts";
export { Interner, interner } from "./collections/strings/interner.ts";
export type { IdWidth, InternerOptions } from "./collections/strings/interner-options.ts";
export { attachSharedInterner, sharedInterner } from "./collections/strings/share-interner.ts";
export type { SharedInterner } from "./collections/strings/shared-interner.ts";
export { NO_STRING, type StringId } from "./collections/strings/string-id.ts";
export { Strings } from "./collections/strings/strings.ts";
export type { StringEncoding } from "./collections/strings/text-content.ts";
export type { IdArray } from "./collections/strings/token-list.ts";
export { HashMultimap, type HashMultimapOptions, hashMultimap } from "./collections/tables/hash-multimap.ts";
export { HashSet, type HashSetOptions, hashSet, type SetTable } from "./collections/tables/hash-set.ts";
export { HashTable } from "./collections/tables/hash-table.ts";
export type { HashTableStats } from "./collections/tables/hash-table-check.ts";
export type { HashTableOptions, HashTableTypes } from "./collections/tables/hash-table-options.ts";
export { hashTable } from "./collections/tables/make-hash-table.ts";
export { present } from "./collections/tables/present.ts";
export type { RecordReader } from "./collections/tables/record-reader.ts";
export type { RecordTable } from "./collections/tables/record-table.ts";
export type { RecordTableOptions, RecordTableTypes } from "./collections/tables/record-table-options.ts";
export type { SetOptions, TableBlock } from "./collections/tables/record-table-place.ts";
export type { RecordTableStats } from "./collections/tables/records/verify.ts";
export {
  type AttachSharedTableOptions,
  attachSharedHashTable,
  type SharedHashTable,
  type SharedTableOptions,
  type SharedTableParticipant,
  sharedHashTable,
  sharedHashTableByteLength,
} from "./collections/tables/shared-hash-table.ts";
export type { Transaction } from "./collections/tables/transaction.ts";
export { NIL, type Ptr } from "./core/brand.ts";
export { MemoryError, type MemoryErrorCode } from "./core/errors.ts";
export { formatHandle, type Handle, type HandleForm, type HandleParts, handleParts, NO_HANDLE } from "./core/handle.ts";
export { attach, privateMemory, type ReserveOptions, sharedMemory, wasmMemory } from "./core/homes.ts";
export type { Lease } from "./core/lease.ts";
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
export type { Fields } from "./layout/struct-fields.ts";
export { type TextType, text } from "./layout/text.ts";
export type { Boxed, FieldOf, InputOf, ReadonlyArrayView, ReadonlyViewOf, Type, ValueOf, ViewOf } from "./layout/type.ts";
export type { SizedType } from "./layout/unsized.ts";
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
