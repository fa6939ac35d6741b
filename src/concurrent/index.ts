export type { Participant } from "../core/participant.ts";
export type { SeatToken } from "../core/seat-token.ts";
export { attachBroadcast, Broadcast, type BroadcastOptions, broadcast, broadcastByteLength } from "./broadcast.ts";
export { Message } from "./message.ts";
export { MessageClaim } from "./message-claim.ts";
export { MessageConsumer, type ReadAction, type UnblockOptions } from "./message-consumer.ts";
export { MessageProducer } from "./message-producer.ts";
export { attachMessageRing, MessageRing, type MessageRingOptions, messageRing, messageRingByteLength } from "./message-ring.ts";
export {
  type AttachPipelineOptions,
  attachPipeline,
  Pipeline,
  type PipelineOptions,
  pipeline,
  pipelineByteLength,
  type Stages,
} from "./pipeline.ts";
export { type AttachQueueOptions, attachQueue, Queue, type QueueOptions, queue, queueByteLength } from "./queue.ts";
export { Receiver, type ReceiverOptions } from "./receiver.ts";
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
export { Transmitter } from "./transmitter.ts";
export type { Abortable, AsyncWaitOptions, WaitOptions, WaitStrategy } from "./waiting.ts";
