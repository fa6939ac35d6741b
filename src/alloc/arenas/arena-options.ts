import { checkAlign, checkByteLength } from "../../core/align.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import type { Allocator } from "../allocator.ts";
import { placed } from "../own-memory.ts";

/** Where an arena takes its chunks from, and how large they are. */
export interface ArenaOptions {
  /** The allocator that gives the chunks. Default: private memory of its own, which grows as it is needed. */
  readonly upstream?: Allocator;
  /** Bytes of the first chunk; later ones double, up to 64 MiB, and are larger where a block needs it. Default: 64 KiB. */
  readonly chunkByteLength?: number;
  /** The most bytes that all chunks together may take. Default: what upstream gives. */
  readonly limitByteLength?: number;
  /** What all blocks are aligned to at least, a power of two: 64 keeps values of different threads in different cache lines. Default: 1. */
  readonly leastAlign?: number;
}

const DEFAULT_CHUNK_BYTES = 64 * 1024;
const LEAST_CHUNK_BYTES = 64;

/** The options with their defaults. Throws `invalid-argument`. */
export function arenaPlan(options: ArenaOptions): Required<ArenaOptions> {
  checkCall("arena({ chunkByteLength: KiB(64) })", [OPTIONS, options]);
  const { chunkByteLength = DEFAULT_CHUNK_BYTES, limitByteLength = Number.MAX_SAFE_INTEGER, leastAlign = 1 } = options;
  checkByteLength("arena", "chunkByteLength", chunkByteLength);
  checkByteLength("arena", "limitByteLength", limitByteLength);
  checkAlign("arena", leastAlign);
  return {
    upstream: placed("arena", { allocator: options.upstream }),
    chunkByteLength: Math.max(chunkByteLength, LEAST_CHUNK_BYTES),
    limitByteLength,
    leastAlign,
  };
}
