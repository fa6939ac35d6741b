export type { Participant } from "../core/participant.ts";
export type { SeatToken } from "../core/seat-token.ts";
export {
  type AttachPipelineOptions,
  attachPipeline,
  Pipeline,
  type PipelineOptions,
  pipeline,
  pipelineByteLength,
  type Stages,
} from "./pipeline.ts";
export type { Recovered } from "./recovered.ts";
export { type AttachRingOptions, attachRing, Ring, type RingOptions, ring, ringByteLength } from "./ring.ts";
export { RingChunk } from "./ring-chunk.ts";
export { Consumer } from "./ring-consumer.ts";
export type { RingEndOptions } from "./ring-end.ts";
export { Producer } from "./ring-producer.ts";
export type { RoleOptions } from "./role.ts";
export {
  type AttachSharedPoolOptions,
  attachSharedPool,
  type Guard,
  SharedPool,
  type SharedPoolOptions,
  sharedPool,
  sharedPoolByteLength,
} from "./shared-pool.ts";
export { SIGNAL_BYTES, Signal } from "./signal.ts";
export type { Abortable, AsyncWaitOptions, WaitOptions, WaitStrategy } from "./waiting.ts";
