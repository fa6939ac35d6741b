import { resolve } from "node:path";
import type { InternerOptions } from "../../collections/strings/interner-options.ts";
import { SharedInterner } from "../../collections/strings/shared-interner.ts";
import { checkByteLength } from "../../core/align.ts";
import { privateMemory } from "../../core/homes.ts";
import { GiB } from "../../core/size.ts";
import { INTERNER } from "../file-header.ts";
import { makeUnlessThere } from "../file-image.ts";
import { mapFile } from "../map-file.ts";
import { checkOpenMode, type OpenMode } from "../open-mode.ts";
import { beginInternerFile, readReserve, sealInternerFile, TAIL_AT } from "./interner-file.ts";
import { MappedInterner } from "./mapped-interner.ts";
import { TailAllocator } from "./tail-allocator.ts";

export interface OpenInternerOptions<Name extends string = string> extends InternerOptions<Name> {
  /** The most bytes that the file can grow to: address space, not disk. Of use when it is made, as `seed`, `encoding`, `ids` and the limits. Default 1 GiB, at most 8 GiB. */
  readonly reserve?: number;
  /** Default `"readWrite"`. With `"read"` it only finds and resolves, through a file that need not be writable and must be there. */
  readonly mode?: OpenMode;
}

const MOST_BYTES = GiB(8);
const LEAST_BYTES = 4096;

/**
 * An interner in a file, which any number of threads and processes have open at once, each by this call: the same string has the same id for all of
 * them and for ever. It is made where it is not there; of several that come at once one makes it.
 *
 * ```ts
 * using names = openInterner("names.intern", { name: "names" });
 * names.intern("Andorra");                                    // the same number after every restart
 * ```
 *
 * Opens in some 100 µs, whatever it holds. An id that `intern` has returned survives the end of the process, however that comes; a power failure from the last
 * `flush()` on. Throws `io`, `disk-full`, `not-an-offheap-file`, `unsupported-format`, `layout-mismatch` (another kind of file), `corrupt` (cut short, damaged),
 * `locked`, `unsupported`.
 */
export function openInterner<const Name extends string = string>(
  path: string,
  options: OpenInternerOptions<Name> = {},
): MappedInterner<Name> {
  const subject = `interner ${path}`;
  const { reserve = GiB(1), mode = "readWrite", name } = options;
  checkOpenMode(subject, mode);
  checkByteLength(subject, "reserve", reserve, LEAST_BYTES, MOST_BYTES);
  if (mode === "readWrite") makeUnlessThere(subject, path, { format: INTERNER, bytes: () => newImage(subject, reserve, options) });
  let most: number;
  {
    using first = mapFile(path, { mode });
    most = readReserve(first, path);
  }
  const memory = mapFile(path, { mode, maxByteLength: most });
  try {
    const allocator = mode === "read" ? undefined : new TailAllocator(memory, TAIL_AT, subject);
    return new MappedInterner(memory, resolve(path), allocator, name);
  } catch (error) {
    memory.close();
    throw error;
  }
}

/** The bytes of a file without strings. */
function newImage(subject: string, reserve: number, options: InternerOptions): Uint8Array {
  using memory = privateMemory(LEAST_BYTES);
  beginInternerFile(memory);
  SharedInterner.create(new TailAllocator(memory, TAIL_AT, subject), options);
  sealInternerFile(memory, reserve);
  return memory.u8.slice();
}
