import {
  attachMessageRing,
  attachQueue,
  attachRing,
  messageRing,
  messageRingByteLength,
  queue,
  queueByteLength,
  ring,
  ringByteLength,
} from "../../src/concurrent/index.ts";
import { type Memory, struct, u32 } from "../../src/index.ts";

/** What lies in the memory that lives and dies are strained on. */
const Item = struct("Item", { number: u32, check: u32 });
const MESSAGES = { byteCapacity: 4096, producers: 3 };
const CAPACITY = 64;
const QUEUE_AT = messageRingByteLength(MESSAGES);
const RING_AT = QUEUE_AT + Math.ceil(queueByteLength(Item, { capacity: CAPACITY, seats: 6 }) / 64) * 64;
const ALIVE_AT = Math.ceil((RING_AT + ringByteLength(Item, { capacity: CAPACITY })) / 64) * 64;
export const STAGE_BYTES = ALIVE_AT + 64;

export function makeStage(memory: Memory) {
  messageRing(memory, MESSAGES);
  queue(memory, Item, { capacity: CAPACITY, seats: 6, byteOffset: QUEUE_AT }).close();
  ring(memory, Item, { capacity: CAPACITY, byteOffset: RING_AT });
}

export interface Member {
  readonly identity: number;
  readonly isAlive: (identity: number) => boolean;
}

export function attachStage(memory: Memory, member: Member) {
  return {
    messages: attachMessageRing(memory),
    items: attachQueue(memory, Item, { ...member, byteOffset: QUEUE_AT }),
    numbers: attachRing(memory, Item, { byteOffset: RING_AT }),
  };
}

export const isWhole = ({ number, check }: { readonly number: number; readonly check: number }) => check === ~number >>> 0;

/** Who has come to play a part: the identity. */
export function lastAlive({ i32 }: Memory, part: number): number {
  return Atomics.load(i32, ALIVE_AT / 4 + part);
}

/** Marks the types of messages that come three at once. */
export const SEVERAL = 256;

/** Writes and reads until it is killed, or who would kill it is gone. `part` 0 is the producer of the ring. */
export function live(memory: Memory, part: number, identity: number): void {
  // It asks nobody who is dead: those in charge do.
  const { messages, items, numbers } = attachStage(memory, { identity, isAlive: () => true });
  const producer = messages.producer({ identity });
  const numbersIn = part === 0 ? numbers.producer({ identity, isAlive: (other) => other === identity }) : undefined;
  const parent = process.ppid;
  Atomics.store(memory.i32, ALIVE_AT / 4 + part, identity);
  const several = Array.from({ length: 3 }, (_, at) => new Uint8Array(1 + 60 * at));
  for (let number = 0; number % 1024 !== 0 || process.ppid === parent; number = (number + 1) >>> 0) {
    const claim = producer.tryClaim(1 + (number % 200), number & 255);
    if (claim !== undefined) {
      memory.u8.fill(number & 255, claim.byteOffset, claim.byteOffset + claim.byteLength);
      if (number % 5 === 0) claim.abort();
      else claim.commit();
    }
    if (number % 7 === 0) {
      for (const bytes of several) bytes.fill(number & 255);
      producer.writeMany(several, (number & 255) | SEVERAL);
    }
    if (number % 3 === 0) items.push({ number, check: ~number >>> 0 });
    else if (number % 3 === 1) {
      const item = items.pop();
      if (item !== undefined && !isWhole(item)) throw new Error(`item ${item.number} is not whole`);
    } else if (number % 6 === 2) items.pushMany(several.map((_, at) => ({ number: number + at, check: ~(number + at) >>> 0 })));
    else {
      const taken: { number: number; check: number }[] = new Array(3);
      for (const item of taken.slice(0, items.popInto(taken)))
        if (!isWhole(item)) throw new Error(`item ${item.number} is not whole`);
    }
    numbersIn?.push({ number, check: ~number >>> 0 });
  }
}
