/**
 * Heaps under random replacement: 100,000 live blocks of 16 bytes to 64 KiB (80 % up to 256 bytes, 15 % up to 4 KiB, 5 % up to 64 KiB), of which one
 * at a time is freed and another made, 10,000,000 operations. The same steps by native programs with the mallocs of Debian.
 *
 * Each in a process of its own, in turn; times are the median of the batches of the best run, per allocation or free. `alloc` and `free` check what
 * they are given, and the heaps that no freed, foreign or interior block is freed, which the mallocs do not; `raw` are the methods below them that
 * trust. Footprint is the most memory taken, over the most bytes live: for ours the pages or regions that were ever in use, tables included; for the
 * mallocs resident pages, all touched. The longest single operations are mostly those in which the system took the processor away.
 */
import { type Allocator, privateMemory, slab, tlsf } from "offheap";
import { runTrace, type TraceAllocator, type TraceResult } from "./allocators/trace.ts";
import { childTasks, loadRival, option, report } from "./harness.ts";
import { buildTrace, runNative } from "./native/build.ts";

const LIVE = option("live", 100_000);
const OPERATIONS = option("operations", 10_000_000);
const ROUNDS = option("rounds", 5);
/** What is compared with `@thi.ng/malloc`, whose every operation walks through a list of all blocks. */
const FEW_LIVE = option("few-live", 10_000);
const FEW_OPERATIONS = option("few-operations", 3000);

type Kind = "slab" | "slab, raw" | "TLSF" | "TLSF, raw";
type Run = TraceResult & { readonly footprint: number };

const child = await childTasks(import.meta.url, {
  ours: ({ kind, live, operations }: { kind: Kind; live: number; operations: number }): Run => {
    const memory = privateMemory(0, { maxByteLength: 512 * 1024 ** 2 });
    const result = kind.startsWith("slab") ? runSlab(kind) : runTlsf(kind);
    return result;

    function runSlab(kind: Kind): Run {
      const heap = slab(memory);
      const tables = heap.peakByteLength / 128;
      const trace = runTrace(tracing(heap, kind.endsWith("raw")), live, operations);
      return { ...trace, footprint: (heap.peakByteLength * (1 + 1 / 128) + tables) / trace.peakUse };
    }

    function runTlsf(kind: Kind): Run {
      const heap = tlsf(memory);
      const trace = runTrace(tracing(heap, kind.endsWith("raw")), live, operations);
      return { ...trace, footprint: heap.allocatedByteLength / trace.peakUse };
    }
  },
  thing: async ({ live, operations }: { live: number; operations: number }): Promise<TraceResult> => {
    const { MemPool } = await loadRival("@thi.ng/malloc");
    const buf = new ArrayBuffer(128 * 1024 ** 2);
    const pool = new MemPool({ buf });
    return runTrace(
      { alloc: (byteSize) => pool.malloc(byteSize), free: (ptr) => pool.free(ptr), u8: new Uint8Array(buf) },
      live,
      operations,
    );
  },
});

/** Plain methods, so that each trace has call sites of its own. */
function tracing(heap: Allocator, isRaw: boolean): TraceAllocator {
  const { u8 } = heap.memory;
  type Ptr = ReturnType<Allocator["alloc"]>;
  if (isRaw)
    return { alloc: (byteSize) => heap.rawAlloc(byteSize, 8), free: (ptr, byteSize) => heap.rawFree(ptr as Ptr, byteSize, 8), u8 };
  return { alloc: (byteSize) => heap.alloc(byteSize), free: (ptr, byteSize) => heap.free(ptr as Ptr, byteSize), u8 };
}

const bench = "allocator-trace";
const mallocs = { glibc: buildTrace("glibc"), mimalloc: buildTrace("mimalloc") };
const best = new Map<string, Run>();
const keep = (name: string, run: Run) => {
  const known = best.get(name);
  if (known === undefined || run.medianNs < known.medianNs) best.set(name, run);
};
for (let round = 0; round < ROUNDS; round++) {
  for (const kind of ["slab, raw", "slab", "TLSF, raw", "TLSF"] as const) {
    keep(kind, (await child.run("ours", { kind, live: LIVE, operations: OPERATIONS })).result);
  }
  for (const [name, native] of Object.entries(mallocs)) {
    if ("path" in native) keep(name, runNative<Run>(native, [LIVE, OPERATIONS, "time"]));
  }
}
for (const [kind, malloc] of [
  ["slab, raw", "mimalloc"],
  ["slab", "mimalloc"],
  ["TLSF, raw", "glibc"],
  ["TLSF", "glibc"],
] as const) {
  const ours = best.get(kind);
  const peer = best.get(malloc);
  if (ours === undefined) throw new Error(`${kind} was not measured`);
  const native = mallocs[malloc];
  if (peer === undefined || "missing" in native) {
    const note = `not measured: ${"missing" in native ? native.missing : malloc}`;
    report({ bench, case: `${kind}: an operation`, unit: "ns", ours: ours.medianNs, note });
    continue;
  }
  const note = `fastest batch: ${ours.bestNs.toFixed(0)} ns, ${malloc} ${peer.bestNs.toFixed(0)} ns`;
  report({ bench, case: `${kind}: an operation`, unit: "ns", ours: ours.medianNs, peer: peer.medianNs, peerName: malloc, note });
  if (kind.endsWith("raw")) continue;
  const pair = { bench, unit: "ns", peerName: malloc };
  report({ ...pair, case: `${kind}: one pair in 10,000 takes longer`, ours: ours.rareNs, peer: peer.rareNs });
  report({ ...pair, case: `${kind}: the longest pair of 200,000`, ours: ours.worstNs, peer: peer.worstNs });
  const { footprint } = runNative<Run>(native, [LIVE, OPERATIONS, "memory"]);
  report({ bench, case: `${kind}: footprint / peak use`, unit: "", ours: ours.footprint, peer: footprint, peerName: malloc });
}

const few = { live: FEW_LIVE, operations: FEW_OPERATIONS };
const thing = (await child.run("thing", few)).result;
const ours = (await child.run("ours", { kind: "slab", live: FEW_LIVE, operations: OPERATIONS })).result;
const cells = { bench, unit: "ns", peer: thing.medianNs, peerName: "@thi.ng/malloc" };
report({ ...cells, case: `slab with ${FEW_LIVE.toLocaleString("en-US")} live: an operation`, ours: ours.medianNs });
