import type { CheckableAllocator } from "../alloc/around/wrapper.ts";

/** A mistake with `free` that an allocator may or may not notice. */
export type BadFree = "freed" | "interior" | "foreign" | "size";

/** An allocator, and what the suite may expect of it beyond the interface. */
export interface AllocatorUnderTest {
  readonly title: string;
  /** A new one, empty, that can give at least 100 KiB in blocks of up to 16 KiB, and never `mostByteLength`. */
  create(): CheckableAllocator;
  /** Called with what `create` returned, when a test is over. */
  dispose?(allocator: CheckableAllocator): void;
  readonly mostByteLength: number;
  /** Whether what is freed can be had again, whatever the order. Default: false, as of arenas. */
  readonly reuses?: boolean;
  /** The bad frees that it notices. Default: none. */
  readonly notices?: readonly BadFree[];
  /** Random programs to run. Default: 200. */
  readonly programs?: number;
  /** Of the first random program; a failure tells its own. Default: 1. */
  readonly seed?: number;
}

/** What registers a test: that of `node:test`, Vitest, Jest, Mocha, Deno or Bun. */
export type RegisterTest = (name: string, work: () => void) => unknown;
