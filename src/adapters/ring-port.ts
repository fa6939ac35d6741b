import { EventEmitter } from "node:events";
import {
  attachMessageRing,
  type MessageConsumer,
  type MessageProducer,
  messageRing,
  messageRingByteLength,
} from "../concurrent/index.ts";
import { checkCall, having, OPTIONS } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import { attach, sharedMemory } from "../core/homes.ts";
import type { Memory } from "../core/memory.ts";
import type { Ticket } from "../core/ticket.ts";
import { type Codec, jsonCodec } from "./codecs.ts";

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

/** What a listener in the manner of the web is called with. */
export type PortListener = (event: { readonly type: string; readonly data?: unknown }) => void;

/** The type of a message: whole, or a part of one that is longer than the ring takes. */
const [WHOLE, PART, LAST_PART] = [0, 1, 2];
/** Longer than any program runs. */
const FOR_EVER_MS = 0x7fff_ffff;

/**
 * A channel to another thread that stands where a `MessageChannel` would: `postMessage`, `on("message")`, `onmessage`, `close`.
 *
 * ```ts
 * const { port, ticket } = ringChannel();
 * new Worker(file, { workerData: { port: ticket } });   // there: const port = attachPort(workerData.port)
 * port.on("message", (answer) => …);
 * port.postMessage({ question: 42 });
 * ```
 *
 * Messages are what the codec makes of them: JSON by default, structured clones with `cloneCodec`. Nothing is transferred.
 */
export function ringChannel(options: RingChannelOptions = {}): RingChannel {
  checkCall("ringChannel({ byteCapacity: MiB(1) })", [OPTIONS, options]);
  const { byteCapacity = 1 << 20, codec = jsonCodec } = options;
  const each = messageRingByteLength({ byteCapacity });
  const memory = sharedMemory(2 * each);
  for (const byteOffset of [0, each]) messageRing(memory, { byteCapacity, byteOffset });
  return { port: new RingPort(memory, each, 0, codec), ticket: { memory: memory.ticket(), byteOffsets: [0, each] } };
}

const A_PORT_TICKET = having("a ticket of ringChannel()", "byteOffsets");

/** The other end of a channel, from its ticket. Throws `locked` when somebody has it already. */
export function attachPort(ticket: RingPortTicket, options: Pick<RingChannelOptions, "codec"> = {}): RingPort {
  checkCall("attachPort(workerData)", [A_PORT_TICKET, ticket], [OPTIONS, options]);
  const [into, outOf] = ticket.byteOffsets;
  return new RingPort(attach(ticket.memory), into, outOf, options.codec ?? jsonCodec);
}

/** Ports that are open in this thread: when it ends the other sides are told. */
const open = new Set<RingPort>();
let isWatching = false;

/**
 * One end of a channel. Emits `message` with each message, `messageerror` with what a codec throws, and `close` when it is closed: here, or on the
 * other side after all that was sent there was emitted. A thread that ends closes its ports; one that is terminated or crashes cannot, so close the other end
 * when it is gone: `worker.once("exit", () => port.close())`.
 *
 * Listens from the first listener for `message` on. While it has one it keeps Node from ending, unless `unref` was called.
 */
export class RingPort extends EventEmitter {
  readonly #producer: MessageProducer;
  readonly #consumer: MessageConsumer;
  readonly #codec: Codec;
  readonly #ending = new AbortController();
  readonly #parts: Uint8Array[] = [];
  readonly #waiting: (readonly [bytes: Uint8Array, type: number])[] = [];
  /** For listeners in the manner of the web: what was added for them here. */
  readonly #listeners = new Map<string, Map<PortListener, (data?: unknown) => void>>();
  #handler: PortListener | null = null;
  #isSending = false;
  #isListening = false;
  #hold: NodeJS.Timeout | undefined;

  /** Use `ringChannel` or `attachPort`. */
  constructor(memory: Memory, into: number, outOf: number, codec: Codec) {
    super();
    this.#producer = attachMessageRing(memory, { byteOffset: into }).producer();
    this.#consumer = attachMessageRing(memory, { byteOffset: outOf }).consumer();
    this.#codec = codec;
    this.on("newListener", (name) => {
      if (name !== "message" || this.listenerCount(name) > 0) return;
      this.ref();
      this.start();
    });
    this.on("removeListener", (name) => {
      if (name === "message" && this.listenerCount(name) === 0) this.unref();
    });
    open.add(this);
    if (!isWatching) process.on("exit", closeAll);
    isWatching = true;
  }

  /**
   * Sends a message; never waits. After close it does nothing, as that of a `MessagePort`. Throws what the codec does, and `unsupported` for a list of what is to be
   * transferred.
   */
  postMessage(value: unknown, transferList: readonly unknown[] = []): void {
    if (transferList.length > 0) refuseTransfer(transferList.length);
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

  /** From now on it keeps Node from ending, until it is closed. */
  ref(): void {
    if (!this.#ending.signal.aborted) this.#hold ??= setInterval(() => {}, FOR_EVER_MS);
  }

  /** Node may end although it is open. */
  unref(): void {
    clearInterval(this.#hold);
    this.#hold = undefined;
  }

  hasRef(): boolean {
    return this.#hold !== undefined;
  }

  /** Ends this end; the other hears `close`. What waited for room is dropped. */
  close(): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.unref();
    open.delete(this);
    this.#producer.close();
    this.#consumer.close();
    this.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** In the manner of the web: called with an event whose `data` is the message. Setting it begins to listen. */
  get onmessage(): PortListener | null {
    return this.#handler;
  }

  set onmessage(handler: PortListener | null) {
    if (this.#handler !== null) this.removeEventListener("message", this.#handler);
    this.#handler = handler;
    if (handler !== null) this.addEventListener("message", handler);
  }

  addEventListener(name: "message" | "messageerror" | "close", listener: PortListener): void {
    const listeners = this.#listeners.get(name) ?? new Map<PortListener, (data?: unknown) => void>();
    if (listeners.has(listener)) return;
    const added = (data?: unknown): void => listener({ type: name, data });
    this.#listeners.set(name, listeners.set(listener, added));
    this.on(name, added);
  }

  removeEventListener(name: "message" | "messageerror" | "close", listener: PortListener): void {
    const added = this.#listeners.get(name)?.get(listener);
    if (added === undefined) return;
    this.#listeners.get(name)?.delete(listener);
    this.off(name, added);
  }

  #send(bytes: Uint8Array, type: number): void {
    if (this.#waiting.length === 0 && !this.#isSending && this.#producer.write(bytes, type)) return;
    // A codec may use its bytes again.
    this.#waiting.push([new Uint8Array(bytes), type]);
    if (!this.#isSending) void this.#sendWaiting();
  }

  async #sendWaiting(): Promise<void> {
    this.#isSending = true;
    const { signal } = this.#ending;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        // With nobody there who reads there is nobody to send to.
        if (!(await this.#producer.writeAsync(...next, { signal }))) this.#waiting.length = 0;
      }
    } catch (error) {
      if (!signal.aborted) this.emit("messageerror", error);
    } finally {
      this.#isSending = false;
    }
  }

  async #listen(): Promise<void> {
    const { signal } = this.#ending;
    try {
      while (await this.#consumer.waitReadyAsync({ signal, ref: false })) {
        this.#consumer.read((message) => this.#receive(message.bytes(), message.type));
      }
      this.close();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #receive(bytes: Uint8Array, type: number): void {
    if (type !== WHOLE) this.#parts.push(new Uint8Array(bytes));
    if (type === PART || this.#ending.signal.aborted) return;
    let message: unknown;
    try {
      message = this.#codec.decode(type === WHOLE ? bytes : Buffer.concat(this.#parts.splice(0)));
    } catch (error) {
      this.emit("messageerror", error);
      return;
    }
    try {
      this.emit("message", message);
    } catch (error) {
      // As everywhere: what a listener throws ends the program, unless that hears of it. The messages behind it come all the same.
      process.nextTick(() => {
        throw error;
      });
    }
  }
}

function closeAll(): void {
  for (const port of open) port.close();
}

function refuseTransfer(count: number): never {
  throw new MemoryError("unsupported", {
    subject: "ring port",
    event: "cannot transfer anything: messages are copied",
    numbers: { transferList: count },
    cure: "Leave the list out and the bytes are copied; share a memory by its ticket; or post what must be transferred by the worker's own postMessage.",
  });
}
