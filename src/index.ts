export { Allocator } from "./alloc/allocator.ts";
export { Arena, type ArenaOptions, arena } from "./alloc/arena.ts";
export type { ArenaChunk } from "./alloc/arena-chunks.ts";
export type { ArenaScope } from "./alloc/arena-scope.ts";
export { Bump, type BumpOptions, bump } from "./alloc/bump.ts";
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
export { HashTable, hashTable } from "./collections/hash-table.ts";
export type { HashTableStats } from "./collections/hash-table-check.ts";
export type { HashTableOptions, HashTableTypes } from "./collections/hash-table-options.ts";
export { Interner, type InternerOptions, interner, NO_STRING, type StringId } from "./collections/interner.ts";
export { Pool, pool } from "./collections/pool.ts";
export { loadPool, savePool } from "./collections/pool-bytes.ts";
export type { Poolable, PoolOptions } from "./collections/pool-options.ts";
export { type SecondaryMap, type SecondaryMapOptions, secondaryMap } from "./collections/secondary-map.ts";
export { type SlotMap, type SlotMapOptions, slotMap } from "./collections/slot-map.ts";
export { type SparseSet, sparseSet } from "./collections/sparse-set.ts";
export { NIL, type Ptr } from "./core/brand.ts";
export { MemoryError, type MemoryErrorCode } from "./core/errors.ts";
export { formatHandle, type Handle, type HandleForm, type HandleParts, handleParts, NO_HANDLE } from "./core/handle.ts";
export { attach, privateMemory, type ReserveOptions, sharedMemory, wasmMemory } from "./core/homes.ts";
export { type Home, Memory, type ViewName } from "./core/memory.ts";
export { GiB, KiB, MiB } from "./core/size.ts";
export type { Ticket } from "./core/ticket.ts";
export { type ArrayInput, type ArrayType, type ArrayView, array } from "./layout/array.ts";
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
