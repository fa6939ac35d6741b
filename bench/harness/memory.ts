import { readFileSync } from "node:fs";

/** What Linux says of a process's memory, in bytes. */
export interface ProcessMemory {
  /** All resident pages, shared ones in full. */
  readonly rss: number;
  /** Resident pages without a file behind them: heaps, stacks, ArrayBuffers. Cheap to read. */
  readonly rssAnon: number;
  /** Resident pages of mapped files. */
  readonly rssFile: number;
  readonly rssShmem: number;
  /** The largest `rss` so far. */
  readonly peakRss: number;
  /** Each page divided by the number of processes that map it: the fair share. Zero when not `detailed`. */
  readonly pss: number;
  /** Pages that no other process maps. Zero when not `detailed`. */
  readonly privateBytes: number;
}

export interface MemoryPeak {
  readonly rss: number;
  readonly rssAnon: number;
}

/**
 * The memory of this process or of another one. Reading `pss` and `privateBytes` walks its page tables, which takes
 * milliseconds for each gigabyte; `detailed: false` leaves them out.
 */
export function memoryOf(pid: number | "self" = "self", options: { readonly detailed?: boolean } = {}): ProcessMemory {
  const status = kilobytes(`/proc/${pid}/status`);
  const detail = options.detailed === false ? undefined : kilobytes(`/proc/${pid}/smaps_rollup`);
  return {
    rss: status("VmRSS"),
    rssAnon: status("RssAnon"),
    rssFile: status("RssFile"),
    rssShmem: status("RssShmem"),
    peakRss: status("VmHWM"),
    pss: detail?.("Pss") ?? 0,
    privateBytes: detail === undefined ? 0 : detail("Private_Clean") + detail("Private_Dirty"),
  };
}

/**
 * Follows the memory of another process from this one and returns a function that ends that and tells the peak. A process that
 * is busy cannot follow itself.
 */
export function watchMemory(pid: number, everyMs = 20): () => MemoryPeak {
  let rss = 0;
  let rssAnon = 0;
  const look = () => {
    try {
      const now = memoryOf(pid, { detailed: false });
      rss = Math.max(rss, now.rss);
      rssAnon = Math.max(rssAnon, now.rssAnon);
    } catch {
      // It has ended between two looks: what was seen until then stands.
    }
  };
  const timer = setInterval(look, everyMs);
  look();
  return () => {
    clearInterval(timer);
    look();
    return { rss, rssAnon };
  };
}

function kilobytes(path: string): (field: string) => number {
  const text = readFileSync(path, "utf8");
  return (field) => Number(new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
}
