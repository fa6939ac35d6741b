import { alignUp, checkByteLength, isPowerOfTwo } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import { KiB } from "../core/size.ts";
import type { OnMistake } from "./sink.ts";

/** How closely a tracker looks, and what it does when it finds something. */
export interface TrackOptions {
  /**
   * What to do with a mistake: `"throw"` a MistakeError (default), `"collect"` it in `mistakes`, or call a function. The tracker has recovered
   * from it in any case: a block freed with a wrong size is freed, a block freed twice stays freed.
   */
  readonly onMistake?: OnMistake;
  /** Frames to keep of the stacks that allocate and free; 0 takes no stacks, which is many times faster. Default: 8. */
  readonly stackDepth?: number;
  /** Painted bytes before and after each block, a power of two from 8 to 2048. Default: 16. */
  readonly redzoneByteLength?: number;
  /** Freed blocks are kept from reuse while they have no more bytes than this together, for each lease. Default: 256 KiB; 16 KiB when sampling. */
  readonly quarantineByteLength?: number;
  /** So many bytes of a freed block are painted, and must be as painted when it leaves the quarantine: its first ones and its last up to 7. Default: 4096, without stacks 128. */
  readonly paintedByteLength?: number;
  /** Paint as many bytes of new blocks too, with 0xd0, so that who reads what was never written sees it. Default: when stacks are taken. */
  readonly paintFresh?: boolean;
  /** Look at one allocation in `everyNth` on average, at random distances; the others go straight through. Default: 1, which is all. */
  readonly everyNth?: number;
  /** Where the random distances begin, for runs that can be repeated. Default: 1. */
  readonly seed?: number;
  /** Whether blocks that are live at `close` are leaks. Default: true, but false for an arena, which frees all at once. */
  readonly leaks?: boolean;
  /**
   * Tell of live blocks when the tracker itself is collected without having been closed. It then calls `onMistake`, or writes to the console. Never
   * frees. Stacks are put into words when they are taken, because unread ones would keep alive what they saw. Default: false.
   */
  readonly backstop?: boolean;
  /** Publish `offheap:alloc` and `offheap:free` on `diagnostics_channel`, with `{ subject, ptr, byteSize, align }`. Default: false. */
  readonly events?: boolean;
}

export type Settings = Required<TrackOptions>;

const LEAST_REDZONE_BYTES = 8;
const MOST_REDZONE_BYTES = 2048;
const MOST_FRAMES = 200;

/** The options with their defaults. Throws `invalid-argument`. */
export function settingsOf(options: TrackOptions, leaks: boolean): Settings {
  const { everyNth = 1, redzoneByteLength = 16, stackDepth = 8, seed = 1 } = options;
  const { quarantineByteLength = everyNth > 1 ? KiB(16) : KiB(256), paintedByteLength = stackDepth > 0 ? KiB(4) : 128 } = options;
  checkWhole("everyNth", everyNth, 1, 2 ** 30);
  checkWhole("stackDepth", stackDepth, 0, MOST_FRAMES);
  checkWhole("seed", seed, 0, 0xffff_ffff);
  checkByteLength("track", "quarantineByteLength", quarantineByteLength);
  checkByteLength("track", "paintedByteLength", paintedByteLength);
  checkByteLength("track", "redzoneByteLength", redzoneByteLength, LEAST_REDZONE_BYTES, MOST_REDZONE_BYTES);
  if (!isPowerOfTwo(redzoneByteLength)) refuse("redzoneByteLength", redzoneByteLength, "Pass a power of two from 8 to 2048.");
  return {
    onMistake: "throw",
    backstop: false,
    events: false,
    paintFresh: stackDepth > 0,
    leaks,
    ...options,
    everyNth,
    redzoneByteLength,
    stackDepth,
    quarantineByteLength,
    paintedByteLength: alignUp(paintedByteLength, 8),
    seed,
  };
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (!(Number.isInteger(value) && value >= least && value <= most))
    refuse(name, value, `Pass a whole number from ${least} to ${most}.`);
}

function refuse(name: string, value: number, cure: string): never {
  throw new MemoryError("invalid-argument", {
    subject: "track",
    event: `cannot use this ${name}`,
    numbers: { [name]: String(value) },
    cure,
  });
}
