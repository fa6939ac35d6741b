/// <reference lib="esnext.disposable" preserve="true" />
export type { Ticket } from "../core/ticket.ts";
export { type Advice, isAdviceSupported } from "./advice.ts";
export { AtomicFile, publishFile } from "./atomic-file.ts";
export { attach } from "./attach.ts";
export { type BuildOptions, type BuildProgress, type BuildSummary, buildDataset } from "./dataset/build.ts";
export {
  type ColumnOf,
  Dataset,
  type OpenDatasetOptions,
  openDataset,
  type RowOf,
  type RowSchema,
  Rows,
  type UntypedRow,
} from "./dataset/dataset.ts";
export type { ExportFormat, RowRange } from "./dataset/export.ts";
export type { InputFormat } from "./dataset/input-format.ts";
export type { Manifest } from "./dataset/manifest.ts";
export type { Palette } from "./dataset/picture.ts";
export type { Cell } from "./dataset/row-class.ts";
export { MappedDictionary, openDictionary, writeDictionary } from "./interner/dictionary-file.ts";
export type { MappedInterner } from "./interner/mapped-interner.ts";
export { type OpenInternerOptions, openInterner } from "./interner/open-interner.ts";
export { type LoadFileOptions, loadFile, saveFile } from "./load-file.ts";
export { type MapAnonymousOptions, mapAnonymous } from "./map-anonymous.ts";
export { type MapFileOptions, type MapMode, mapFile } from "./map-file.ts";
export { type MapMirroredOptions, mapMirrored, mirroredByteLength } from "./map-mirrored.ts";
export { type MapScratchOptions, mapScratch } from "./map-scratch.ts";
export { MappedWindow, type MapWindowOptions, mapWindow } from "./map-window.ts";
export { MappedMemory } from "./mapped-memory.ts";
export type { OpenMode } from "./open-mode.ts";
export { MappedParticipant, participantIn } from "./participants.ts";
export type {
  KindReader,
  MadeStructure,
  ReachedBlock,
  ReadingHome,
  Relocation,
  SegmentKind,
  StructureHome,
} from "./segment/kind.ts";
export type { SegmentArenaOptions } from "./segment/kinds/arena.ts";
export type { SegmentBroadcast, SegmentBroadcastOptions } from "./segment/kinds/broadcast.ts";
export type { SegmentColumnsOptions } from "./segment/kinds/columns.ts";
export type { SegmentDatasetOptions } from "./segment/kinds/dataset.ts";
export type { SegmentHeapOptions } from "./segment/kinds/heap.ts";
export type { SegmentInternerOptions } from "./segment/kinds/interner.ts";
export type { SegmentLockOptions, SegmentSemaphoreOptions } from "./segment/kinds/locks.ts";
export type { SegmentMessageRing, SegmentMessageRingOptions } from "./segment/kinds/message-ring.ts";
export type { MovableOptions } from "./segment/kinds/movable.ts";
export type { SegmentPipeline, SegmentPipelineOptions } from "./segment/kinds/pipeline.ts";
export type { SegmentPoolOptions } from "./segment/kinds/pool.ts";
export type { SegmentQueueOptions } from "./segment/kinds/queue.ts";
export type { SegmentRing, SegmentRingOptions } from "./segment/kinds/ring.ts";
export type { SegmentTableOptions } from "./segment/kinds/table.ts";
export { type OpenSegmentOptions, openSegment } from "./segment/open-segment.ts";
export type { ReadOnlySegment } from "./segment/read-only-segment.ts";
export type { ReadSegmentOptions } from "./segment/read-segment.ts";
export type { Segment } from "./segment/segment.ts";
export type { ExtentSummary, SegmentSurvey, StructureSummary } from "./segment/survey.ts";
export { isMappingSupported } from "./supported.ts";
export type { TableRecovery } from "./table/durable-records.ts";
export { type Durability, MappedHashTable } from "./table/mapped-hash-table.ts";
export { type OpenTableOptions, openTable } from "./table/open-table.ts";
