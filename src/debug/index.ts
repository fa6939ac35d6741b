/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `offheap/debug`: tools that find mistakes made with memory. Programs that do not import it pay nothing for it.
 */
export {
  type AllocatingCode,
  type AllocationFailureOptions,
  type AllocationFailureSummary,
  checkAllAllocationFailures,
} from "./allocation-failures.ts";
export { type Watch, watchUnclosed } from "./backstop.ts";
export { type Allowance, type Allowances, Budget, budget, expectBudget } from "./budget.ts";
export { dump } from "./dump.ts";
export { type FailAfterOptions, FailingAllocator, failAfter } from "./fail-after.ts";
export { type MappedRegion, type MemoryMapOptions, memoryMap } from "./memory-map.ts";
export { type Mistake, MistakeError, type MistakeKind, storyOf } from "./mistake.ts";
export { type FormatOptions, formatReport, type MemoryReport, type ReportGroup } from "./report.ts";
export type { TrackOptions } from "./settings.ts";
export type { OnMistake } from "./sink.ts";
export { track } from "./track.ts";
export { Tracked, type TrackedBlock, type TrackerCounts } from "./tracked.ts";
