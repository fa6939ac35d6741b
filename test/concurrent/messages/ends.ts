import {
  type MessageConsumer,
  type MessageProducer,
  type MessageRing,
  messageRing,
  messageRingByteLength,
} from "../../../src/concurrent/index.ts";
import { type Memory, privateMemory } from "../../../src/index.ts";

/** A ring in a memory of its own, with one of its producers and its consumer. */
export interface Ends {
  readonly memory: Memory;
  readonly ring: MessageRing;
  readonly producer: MessageProducer;
  readonly consumer: MessageConsumer;
}

export function make(producers: number, byteCapacity = 1024): Ends {
  const memory = privateMemory(messageRingByteLength({ byteCapacity, producers }));
  const ring = messageRing(memory, { byteCapacity, producers });
  return { memory, ring, producer: ring.producer(), consumer: ring.consumer() };
}

/** Reads up to `limit` messages, each as its type and its text. */
export function readAll(consumer: MessageConsumer, limit?: number): string[] {
  const seen: string[] = [];
  consumer.read((message) => seen.push(`${message.type}:${message.text()}`), limit);
  return seen;
}
