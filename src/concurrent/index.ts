/// <reference lib="esnext.disposable" preserve="true" />
export type { Abortable } from "../core/abort.ts";
export type { BlockSource } from "../core/block-source.ts";
export type { Participant } from "../core/participant.ts";
export type { SeatToken } from "../core/seat-token.ts";
export { attachBroadcast, Broadcast, type BroadcastOptions, broadcast, broadcastByteLength } from "./broadcast/broadcast.ts";
export { Receiver, type ReceiverOptions } from "./broadcast/receiver.ts";
export { Transmitter } from "./broadcast/transmitter.ts";
export { BARRIER_BYTES, Barrier, type BarrierOptions, barrier } from "./locks/barrier.ts";
export { type AsyncConditionOptions, CONDITION_BYTES, Condition, type ConditionOptions, condition } from "./locks/condition.ts";
export { type AsyncHoldOptions, Held, type Holdable, type HoldOptions } from "./locks/holdable.ts";
export { type LockOptions, MUTEX_BYTES, Mutex, mutex } from "./locks/mutex.ts";
export { ONCE_BYTES, Once, type OnceOptions, once } from "./locks/once.ts";
export { Roster, type RosterOptions, roster, rosterByteLength } from "./locks/roster.ts";
export { RwLock, rwLock, rwLockByteLength } from "./locks/rw-lock.ts";
export { Semaphore, type SemaphoreOptions, semaphore, semaphoreByteLength } from "./locks/semaphore.ts";
export { SEQLOCK_BYTES, Seqlock, seqlock } from "./locks/seqlock.ts";
export { Message } from "./messages/message.ts";
export { MessageBatch } from "./messages/message-batch.ts";
export { MessageClaim } from "./messages/message-claim.ts";
export { MessageConsumer, type ReadAction, type UnblockOptions } from "./messages/message-consumer.ts";
export { MessageProducer } from "./messages/message-producer.ts";
export {
  type AttachMessageRingOptions,
  attachMessageRing,
  MessageRing,
  type MessageRingOptions,
  messageRing,
  messageRingByteLength,
} from "./messages/message-ring.ts";
export {
  type AttachSharedPoolOptions,
  attachSharedPool,
  type SharedPoolOptions,
  sharedPool,
  sharedPoolByteLength,
} from "./pools/make-shared-pool.ts";
export { type Guard, SharedPool } from "./pools/shared-pool.ts";
export type { Recovered } from "./recovered.ts";
export { attachQueue, queue, queueByteLength } from "./rings/make-queue.ts";
export {
  type AttachPipelineOptions,
  attachPipeline,
  Pipeline,
  type PipelineOptions,
  pipeline,
  pipelineByteLength,
  type Stages,
} from "./rings/pipeline.ts";
export { type AttachQueueOptions, Queue, type QueueOptions } from "./rings/queue.ts";
export { type AttachRingOptions, attachRing, Ring, type RingOptions, ring, ringByteLength } from "./rings/ring.ts";
export { RingChunk } from "./rings/ring-chunk.ts";
export { Consumer } from "./rings/ring-consumer.ts";
export type { RingEndOptions } from "./rings/ring-end.ts";
export { Producer } from "./rings/ring-producer.ts";
export type { RoleOptions } from "./role.ts";
export { SIGNAL_BYTES, Signal } from "./signal.ts";
export type { AsyncWaitOptions, IterationOptions, WaitOptions, WaitStrategy } from "./waiting.ts";
