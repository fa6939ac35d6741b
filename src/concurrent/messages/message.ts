import { MemoryError } from "../../core/errors.ts";
import { privateMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import { decodeUtf8 } from "../../core/utf8.ts";
import type { IterationOptions } from "../waiting.ts";

/** A message where it lies. One object that shows one after another, for the time of the call that it is handed to: copy what is to stay. */
export class Message {
  readonly memory: Memory;
  /** What its producer has called it, a whole number of 32 bits. */
  type = 0;
  /** Where it begins in the memory. */
  byteOffset = 0;
  byteLength = 0;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  /** The bytes, without a copy. */
  bytes(): Uint8Array {
    return this.memory.bytes(this.byteOffset, this.byteLength);
  }

  /** The bytes, a copy that stays. */
  copy(): Uint8Array {
    return this.memory.u8.slice(this.byteOffset, this.byteOffset + this.byteLength);
  }

  /** A copy of the message, in memory of its own, which stays. */
  keep(): Message {
    const { byteLength } = this;
    const kept = new Message(privateMemory(byteLength));
    kept.memory.u8.set(this.bytes());
    return Object.assign(kept, { type: this.type, byteLength });
  }

  /** The bytes read as UTF-8. Throws `malformed-input`. */
  text(): string {
    return decodeUtf8(this.memory.u8, this.byteOffset, this.byteOffset + this.byteLength);
  }
}

/** What messages are read from. */
interface Source {
  waitReadyAsync(options: IterationOptions): Promise<boolean>;
  read(fn: (message: Message) => void, limit: number): number;
}

/** Copies of all messages, one after another, until nobody is there who could send one and nothing is left. */
export async function* messagesOf(source: Source, options: IterationOptions): AsyncGenerator<Message, void, undefined> {
  const kept: Message[] = [];
  const keep = (message: Message): void => {
    kept.push(message.keep());
  };
  while (await source.waitReadyAsync(options)) {
    // One at a time: who stops listening leaves the others where they are.
    while (source.read(keep, 1) > 0) {
      yield* kept.splice(0);
      options.signal?.throwIfAborted();
    }
  }
}

export function throwType(subject: string, type: number): never {
  throw new MemoryError("invalid-argument", {
    subject,
    event: "needs a whole number of 32 bits as the type of a message",
    numbers: { type: String(type) },
    cure: "Number the kinds of messages.",
  });
}
