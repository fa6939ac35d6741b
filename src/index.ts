export { Allocator } from "./alloc/allocator.ts";
export { ColumnBuffer, columnBuffer, type ElementOf } from "./collections/column-buffer.ts";
export { NIL, type Ptr } from "./core/brand.ts";
export { MemoryError, type MemoryErrorCode } from "./core/errors.ts";
export { attach, privateMemory, type ReserveOptions, sharedMemory, wasmMemory } from "./core/homes.ts";
export { type Home, Memory, type ViewName } from "./core/memory.ts";
export { GiB, KiB, MiB } from "./core/size.ts";
export type { Ticket } from "./core/ticket.ts";
export type { InputOf, Type, ValueOf, ViewOf } from "./layout/type.ts";
