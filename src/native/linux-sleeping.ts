import type { ForeignFunctions } from "./foreign.ts";
import { lazy } from "./posix.ts";
import type { Sleeping, SleepWord } from "./system.ts";

const FUTEX = process.arch === "x64" ? 202 : 98;
const FUTEX_WAITV = 449;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const FUTEX2_SIZE_U32 = 2;
const CLOCK_MONOTONIC = 1;
const EINVAL = 22;
const MOST_WOKEN = 0x7fff_ffff;
/** Bytes of a `struct futex_waitv`: value u64, address u64, flags u32, 0. */
const WAITV_BYTES = 24;
const NO_BYTES = Buffer.alloc(8);

/** What calls on other threads read: not to be collected meanwhile. */
const beingRead = new Set<readonly Buffer[]>();

/** Futexes, which glibc has no functions for. */
export function linuxSleeping(foreign: ForeignFunctions): Sleeping {
  const futex = lazy(() => foreign.bind("syscall", "i64", ["i64", "address", "i64", "u32", "bytes", "i64", "i64"]));
  const waitv = lazy(() => foreign.bind("syscall", "i64", ["i64", "bytes", "i64", "i64", "bytes", "i64", "i64"]));
  const waitvAsync = lazy(() => foreign.bindAsync?.("syscall", "i64", ["i64", "bytes", "i64", "i64", "bytes", "i64", "i64"]));
  const timeout = Buffer.alloc(16);
  // No words are refused as invalid where the call is known, which it is from Linux 5.16 on; sandboxes answer otherwise.
  const isWaitvKnown = lazy(() => waitv()(FUTEX_WAITV, NO_BYTES, 0, 0, NO_BYTES, 0, 0) === -1 && foreign.errno() === EINVAL);

  return {
    sleep(address, seen, timeoutMs) {
      writeTime(timeout, BigInt(Math.ceil(timeoutMs * 1e6)));
      futex()(FUTEX, address, FUTEX_WAIT, seen >>> 0, timeout, 0, 0);
    },
    wake(address, count) {
      futex()(FUTEX, address, FUTEX_WAKE, Math.min(count, MOST_WOKEN), NO_BYTES, 0, 0);
    },
    get sleepAny() {
      const call = waitvAsync();
      if (call === undefined || !isWaitvKnown()) return undefined;
      return async (words: readonly SleepWord[], timeoutMs: number) => {
        const waiters = Buffer.alloc(words.length * WAITV_BYTES);
        for (const [index, { address, seen }] of words.entries()) {
          waiters.writeBigUInt64LE(BigInt(seen >>> 0), index * WAITV_BYTES);
          waiters.writeBigUInt64LE(address, index * WAITV_BYTES + 8);
          waiters.writeUInt32LE(FUTEX2_SIZE_U32, index * WAITV_BYTES + 16);
        }
        const until = Buffer.alloc(16);
        writeTime(until, process.hrtime.bigint() + BigInt(Math.ceil(timeoutMs * 1e6)));
        const read = [waiters, until];
        beingRead.add(read);
        try {
          await call(FUTEX_WAITV, waiters, words.length, 0, until, CLOCK_MONOTONIC, 0);
        } finally {
          beingRead.delete(read);
        }
      };
    },
  };
}

/** Writes a `struct timespec`. */
function writeTime(to: Buffer, nanoseconds: bigint): void {
  to.writeBigInt64LE(nanoseconds / 1_000_000_000n);
  to.writeBigInt64LE(nanoseconds % 1_000_000_000n, 8);
}
