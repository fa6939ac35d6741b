/**
 * What every benchmark here uses.
 *
 * ```ts
 * const { cursor, raw } = interleave({ cursor: () => sumByCursor(), raw: () => sumRaw() }, { operations: rows });
 * report({ bench: "struct-access", case: "sum of a field", unit: "ns", ours: cursor.bestNs, peer: raw.bestNs, peerName: "typed array" });
 * ```
 *
 * Memory and start-up are measured in processes of their own: see `childTasks`. What a benchmark compares with and is not ours
 * comes from `loadRival`. The comment at the head of `bench/<name>.ts` stands above its table in `bench/README.md`.
 */
export { type ChildRun, type ChildTasks, childTasks } from "./harness/child.ts";
export { interleave, interleaveAsync, sink, type Timing, timed, timedAsync } from "./harness/measure.ts";
export { type MemoryPeak, memoryOf, type ProcessMemory, watchMemory } from "./harness/memory.ts";
export { observePauses, type Pauses } from "./harness/pauses.ts";
export { projectRoot, scratchFolder } from "./harness/place.ts";
export { environmentLine, hasFlag, option, type Report, report } from "./harness/report.ts";
export { loadCompiledRival, loadRival, type Rivals } from "./harness/rival.ts";
