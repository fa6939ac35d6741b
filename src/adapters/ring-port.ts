import { EventEmitter } from "node:events";
import {
  attachMessageRing,
  type MessageConsumer,
  type MessageProducer,
  messageRing,
  messageRingByteLength,
} from "../concurrent/index.ts";
import { attach, sharedMemory } from "../core/homes.ts";
import type { Memory } from "../core/memory.ts";
import type { Ticket } from "../core/ticket.ts";

/** How messages become bytes. msgpackr's `{ encode: pack, decode: unpack }` is one. */
export interface Codec {
  encode(value: unknown): Uint8Array;
  /** The bytes are only there during the call. */
  decode(bytes: Uint8Array): unknown;
}

export interface RingChannelOptions {
  /** Bytes in each direction, a power of two. Default 1 MiB. What is more waits in the sender's own memory. */
  readonly byteCapacity?: number;
  /** Both sides must have the same. Default: JSON. */
  readonly codec?: Codec;
}

/** What to hand to the other thread, in `workerData` or by one `postMessage`. */
export interface RingPortTicket {
  readonly memory: Ticket;
  readonly byteOffsets: readonly [into: number, outOf: number];
}

/** Two ends of a channel: a port here, and the ticket of the other one. */
export interface RingChannel {
  readonly port: RingPort;
  readonly ticket: RingPortTicket;
}

const WHOLE = 0;
const PART = 1;
const LAST_PART = 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const jsonCodec: Codec = {
  encode: (value) => encoder.encode(JSON.stringify(value) ?? "null"),
  // Browsers do not decode from shared memory.
  decode: (bytes) => JSON.parse(decoder.decode(new Uint8Array(bytes))),
};

/**
 * A channel to another thread that stands where a `MessageChannel` would: `postMessage` and `on("message")`, some ten times as fast for small messages.
 *
 * ```ts
 * const { port, ticket } = ringChannel();
 * new Worker(file, { workerData: { port: ticket } });   // there: const port = attachPort(workerData.port)
 * port.on("message", (answer) => …);
 * port.postMessage({ question: 42 });
 * ```
 *
 * Messages are what the codec makes of them, not structured clones: JSON has no cycles, maps or `undefined`.
 */
export function ringChannel({ byteCapacity = 1 << 20, codec = jsonCodec }: RingChannelOptions = {}): RingChannel {
  const each = messageRingByteLength({ byteCapacity });
  const memory = sharedMemory(2 * each);
  for (const byteOffset of [0, each]) messageRing(memory, { byteCapacity, byteOffset });
  return { port: new RingPort(memory, each, 0, codec), ticket: { memory: memory.ticket(), byteOffsets: [0, each] } };
}

/** The other end of a channel, from its ticket. Throws `locked` when somebody has it already. */
export function attachPort(
  { memory, byteOffsets }: RingPortTicket,
  { codec = jsonCodec }: Pick<RingChannelOptions, "codec"> = {},
): RingPort {
  const [into, outOf] = byteOffsets;
  return new RingPort(attach(memory), into, outOf, codec);
}

/**
 * One end of a channel. Emits `message` with each message, `messageerror` with what a codec or a listener of messages throws, and `close` when the other end is closed and
 * everything it sent was emitted. Listens from the first listener for `message` on, and keeps the process alive until it is closed.
 */
export class RingPort extends EventEmitter {
  readonly #producer: MessageProducer;
  readonly #consumer: MessageConsumer;
  readonly #codec: Codec;
  readonly #ending = new AbortController();
  readonly #parts: Uint8Array[] = [];
  readonly #waiting: (readonly [bytes: Uint8Array, type: number])[] = [];
  #isSending = false;
  #isListening = false;

  /** Use `ringChannel` or `attachPort`. */
  constructor(memory: Memory, into: number, outOf: number, codec: Codec) {
    super();
    this.#producer = attachMessageRing(memory, { byteOffset: into }).producer();
    this.#consumer = attachMessageRing(memory, { byteOffset: outOf }).consumer();
    this.#codec = codec;
    this.on("newListener", (name) => {
      if (name === "message") this.start();
    });
  }

  /** Sends a message; never waits. After close it does nothing, as that of a `MessagePort`. */
  postMessage(value: unknown): void {
    if (this.#ending.signal.aborted) return;
    const bytes = this.#codec.encode(value);
    const { maxByteLength } = this.#producer;
    if (bytes.length <= maxByteLength) {
      this.#send(bytes, WHOLE);
      return;
    }
    for (let from = 0; from < bytes.length; from += maxByteLength) {
      const isLast = from + maxByteLength >= bytes.length;
      this.#send(bytes.subarray(from, from + maxByteLength), isLast ? LAST_PART : PART);
    }
  }

  /** Begins to listen, if it does not already. */
  start(): void {
    if (this.#isListening || this.#ending.signal.aborted) return;
    this.#isListening = true;
    void this.#listen();
  }

  /** Ends this end; the other hears `close`. What waited for room is dropped. */
  close(): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#producer.close();
    this.#consumer.close();
    this.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #send(bytes: Uint8Array, type: number): void {
    if (this.#waiting.length === 0 && !this.#isSending && this.#producer.write(bytes, type)) return;
    // A codec may use its bytes again.
    this.#waiting.push([new Uint8Array(bytes), type]);
    if (!this.#isSending) void this.#sendWaiting();
  }

  async #sendWaiting(): Promise<void> {
    this.#isSending = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        await this.#producer.writeAsync(...next, { signal: this.#ending.signal });
      }
    } catch (error) {
      if (!this.#ending.signal.aborted) this.emit("messageerror", error);
    } finally {
      this.#isSending = false;
    }
  }

  async #listen(): Promise<void> {
    try {
      while (await this.#consumer.waitReadyAsync({ signal: this.#ending.signal })) {
        this.#consumer.read((message) => this.#receive(message.bytes(), message.type));
      }
      this.close();
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
    }
  }

  #receive(bytes: Uint8Array, type: number): void {
    if (type !== WHOLE) this.#parts.push(new Uint8Array(bytes));
    if (type === PART || this.#ending.signal.aborted) return;
    try {
      this.emit("message", this.#codec.decode(type === WHOLE ? bytes : Buffer.concat(this.#parts.splice(0))));
    } catch (error) {
      this.emit("messageerror", error);
    }
  }
}
