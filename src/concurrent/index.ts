export type { Abortable } from "../core/abort.ts";
export type { BlockSource } from "../core/block-source.ts";
export type { Participant } from "../core/participant.ts";
export type { SeatToken } from "../core/seat-token.ts";
export { BARRIER_BYTES, Barrier, type BarrierOptions, barrier } from "./barrier.ts";
export { attachBroadcast, Broadcast, type BroadcastOptions, broadcast, broadcastByteLength } from "./broadcast.ts";
export { type AsyncConditionOptions, CONDITION_BYTES, Condition, type ConditionOptions, condition } from "./condition.ts";
export { type AsyncHoldOptions, Held, type Holdable, type HoldOptions } from "./holdable.ts";
export {
  type AttachSharedPoolOptions,
  attachSharedPool,
  type SharedPoolOptions,
  sharedPool,
  sharedPoolByteLength,
} from "./make-shared-pool.ts";
export { Message } from "./message.ts";
export { MessageClaim } from "./message-claim.ts";
export { MessageConsumer, type ReadAction, type UnblockOptions } from "./message-consumer.ts";
export { MessageProducer } from "./message-producer.ts";
export {
  type AttachMessageRingOptions,
  attachMessageRing,
  MessageRing,
  type MessageRingOptions,
  messageRing,
  messageRingByteLength,
} from "./message-ring.ts";
export { type LockOptions, MUTEX_BYTES, Mutex, mutex } from "./mutex.ts";
export { ONCE_BYTES, Once, type OnceOptions, once } from "./once.ts";
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
export { Roster, type RosterOptions, roster, rosterByteLength } from "./roster.ts";
export { RwLock, rwLock, rwLockByteLength } from "./rw-lock.ts";
export { Semaphore, type SemaphoreOptions, semaphore, semaphoreByteLength } from "./semaphore.ts";
export { SEQLOCK_BYTES, Seqlock, seqlock } from "./seqlock.ts";
export { type Guard, SharedPool } from "./shared-pool.ts";
export { SIGNAL_BYTES, Signal } from "./signal.ts";
export { Transmitter } from "./transmitter.ts";
export type { AsyncWaitOptions, WaitOptions, WaitStrategy } from "./waiting.ts";
