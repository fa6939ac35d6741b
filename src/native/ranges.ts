import type { ForeignFunctions } from "./foreign.ts";
import type { System } from "./system.ts";

/** Gets and gives back address space of zeros. */
export interface RangeCalls {
  /** The address, at a page. Throws where there is none. */
  take(byteLength: number): bigint;
  giveBack(address: bigint, byteLength: number): void;
}

/**
 * Where memories get their address space: from the engine, as SharedArrayBuffers, when `check` lets it; else from the system, shown as ArrayBuffers. Of these each
 * thread makes its own, and `Atomics.wait` does not take them. Throws what `check` throws where the engine allows neither.
 */
export function rangesOf(
  check: () => void,
  foreign: ForeignFunctions,
  pageByteLength: number,
  calls: RangeCalls,
): Pick<System, "buffers" | "reserve"> {
  try {
    check();
    // Full length at once: views of a buffer that still grows would have to track its length, which makes them 20 to 50 times slower.
    return { buffers: "engine", reserve: (byteLength) => new SharedArrayBuffer(byteLength, { maxByteLength: byteLength }) };
  } catch (refused) {
    return systemRangesOf(
      () => {
        throw refused;
      },
      foreign,
      pageByteLength,
      calls,
    );
  }
}

/** Address space from the system alone. `refuse` is called where the engine shows none: in Electron, and where buffers must lie in a cage. */
export function systemRangesOf(
  refuse: (cause: unknown) => never,
  foreign: ForeignFunctions,
  pageByteLength: number,
  calls: RangeCalls,
): Pick<System, "buffers" | "reserve"> {
  const reserve = systemRanges(foreign, calls);
  try {
    reserve(pageByteLength);
  } catch (cause) {
    refuse(cause);
  }
  return { buffers: "system", reserve };
}

/**
 * A range is given back when its buffer was collected: every typed array over it holds the buffer, so nobody can touch it any more. Until then it stays the
 * process's own, whatever is mapped over it.
 */
function systemRanges(foreign: ForeignFunctions, calls: RangeCalls): (byteLength: number) => ArrayBuffer {
  const collected = new FinalizationRegistry<readonly [address: bigint, byteLength: number]>((range) => calls.giveBack(...range));
  return (byteLength) => {
    if (byteLength === 0) return new ArrayBuffer(0);
    const address = calls.take(byteLength);
    try {
      const buffer = foreign.viewOf(address, byteLength);
      collected.register(buffer, [address, byteLength]);
      return buffer;
    } catch (error) {
      calls.giveBack(address, byteLength);
      throw error;
    }
  };
}
