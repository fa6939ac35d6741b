import { Readable, type ReadableOptions, Writable, type WritableOptions } from "node:stream";
import { ReadableStream, WritableStream } from "node:stream/web";
import type { Consumer, MessageConsumer, MessageProducer, Producer } from "../concurrent/index.ts";
import { GRANULE, granulesFor } from "../concurrent/messages/message-ring-layout.ts";
import { checkCall, type Expectation, having, OPTIONS } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import { shown } from "../layout/place.ts";
import type { InputOf, Type, ValueOf } from "../layout/type.ts";

/** Where a stream takes from: a ring of values, or a message ring, each of whose messages is a chunk. */
type AnyConsumer = Consumer<Type<unknown, never>> | MessageConsumer;
type AnyProducer = Producer<Type<unknown, never>> | MessageProducer;

/** So many chunks are taken at once at most, so that others come to their turn. */
const AT_ONCE = 256;

const A_CONSUMER = having("a consumer of a ring", "waitReadyAsync");
const A_PRODUCER: Expectation = {
  noun: "a producer of a ring",
  is: (value) => typeof value === "object" && value !== null && ("pushAsync" in value || "writeAsync" in value),
};

/** A Node stream of the values of a ring. It ends when the producer has closed, or died, and nothing is left; destroying it closes the consumer. */
export function readable<T extends Type<unknown, never>>(consumer: Consumer<T>, options?: ReadableOptions): Readable;
/** A Node stream of the messages of a ring: each is a chunk of bytes, a copy. */
export function readable(consumer: MessageConsumer, options?: ReadableOptions): Readable;
export function readable(consumer: AnyConsumer, options: ReadableOptions = {}): Readable {
  checkCall("readable(ring.consumer())", [A_CONSUMER, consumer], [OPTIONS, options]);
  const pull = pullerOf(consumer);
  return new Readable({
    ...options,
    objectMode: "pop" in consumer,
    read() {
      pull((chunk) => this.push(chunk instanceof Uint8Array ? bufferOver(chunk) : chunk)).then(
        (more) => {
          if (!more) this.push(null);
        },
        (error: unknown) => this.destroy(asError(error)),
      );
    },
    destroy(error, done) {
      consumer.close();
      done(error);
    },
  });
}

/** A Node stream that pushes what is written to it into a ring, as fast as that is read. Ending or destroying it closes the producer. */
export function writable<T extends Type<unknown, never>>(producer: Producer<T>, options?: WritableOptions): Writable;
/** A Node stream of bytes into a message ring. A chunk that is longer than a message may be goes as several. */
export function writable(producer: MessageProducer, options?: WritableOptions): Writable;
export function writable(producer: AnyProducer, options: WritableOptions = {}): Writable {
  checkCall("writable(ring.producer())", [A_PRODUCER, producer], [OPTIONS, options]);
  const put = putterOf(producer);
  const tell = (putting: Promise<void>, done: (error?: Error) => void): void => {
    putting.then(
      () => done(),
      (error: unknown) => done(asError(error)),
    );
  };
  return new Writable({
    ...options,
    objectMode: "push" in producer,
    decodeStrings: true,
    write(chunk, _encoding, done) {
      tell(put(chunk), done);
    },
    // What came while others waited for room goes together.
    ...("writeMany" in producer && { writev: (waiting, done) => tell(putAll(producer, waiting), done) }),
    destroy(error, done) {
      producer.close();
      done(error);
    },
  });
}

/** The same as a web stream. Cancelling it closes the consumer. */
export function readableStream<T extends Type<unknown, never>>(consumer: Consumer<T>): ReadableStream<ValueOf<T>>;
export function readableStream(consumer: MessageConsumer): ReadableStream<Uint8Array>;
export function readableStream(consumer: AnyConsumer): ReadableStream<unknown> {
  checkCall("readableStream(ring.consumer())", [A_CONSUMER, consumer]);
  const pull = pullerOf(consumer);
  return new ReadableStream<unknown>({
    async pull(controller) {
      const more = await pull((chunk) => {
        controller.enqueue(chunk);
        return (controller.desiredSize ?? 0) > 0;
      });
      if (more) return;
      controller.close();
      consumer.close();
    },
    cancel() {
      consumer.close();
    },
  });
}

/** The same as a web stream. Closing or aborting it closes the producer. */
export function writableStream<T extends Type<unknown, never>>(producer: Producer<T>): WritableStream<InputOf<T>>;
export function writableStream(producer: MessageProducer): WritableStream<Uint8Array>;
export function writableStream(producer: AnyProducer): WritableStream<unknown> {
  checkCall("writableStream(ring.producer())", [A_PRODUCER, producer]);
  const put = putterOf(producer);
  return new WritableStream<unknown>({
    write: (chunk) => put(chunk),
    close: () => producer.close(),
    abort: () => producer.close(),
  });
}

/** Waits for something, and passes it on until `sink` says that it has enough. False at the end. */
function pullerOf(consumer: AnyConsumer): (sink: (chunk: unknown) => boolean) => Promise<boolean> {
  if ("pop" in consumer) {
    return async (sink) => {
      if (!(await consumer.waitReadyAsync())) return false;
      for (let taken = 0; taken < AT_ONCE; taken++) {
        const value = consumer.pop();
        if (value === undefined || !sink(value)) break;
      }
      return true;
    };
  }
  return async (sink) => {
    // What can only be passed over, as padding is, is no chunk.
    for (let taken = 0; taken === 0; ) {
      if (!(await consumer.waitReadyAsync())) return false;
      taken = consumer.controlledRead((message) => (sink(message.copy()) ? "continue" : "break"), AT_ONCE);
    }
    return true;
  };
}

/** Takes all of a chunk, in its own time. */
function putterOf(producer: AnyProducer): (chunk: unknown) => Promise<void> {
  if ("push" in producer) {
    const items = producer as Producer<Type<unknown, unknown>>;
    return async (chunk) => {
      if (!(await items.pushAsync(chunk))) throwAbandoned();
    };
  }
  return (chunk) => putBytes(producer, chunk);
}

async function putBytes(producer: MessageProducer, chunk: unknown): Promise<void> {
  if (!(chunk instanceof Uint8Array)) throwNoBytes(chunk);
  const most = producer.maxByteLength;
  for (let from = 0; from === 0 || from < chunk.length; from += most) {
    if (!(await producer.writeAsync(chunk.subarray(from, from + most)))) throwAbandoned();
  }
}

/** As many at once as may be. */
async function putAll(producer: MessageProducer, waiting: readonly { readonly chunk: unknown }[]): Promise<void> {
  let together: Uint8Array[] = [];
  let room = producer.maxByteLength;
  const putTogether = async (): Promise<void> => {
    if (!(await producer.writeManyAsync(together))) throwAbandoned();
    together = [];
    room = producer.maxByteLength;
  };
  for (const { chunk } of waiting) {
    const isFitting = chunk instanceof Uint8Array && chunk.length <= producer.maxByteLength;
    const needed = isFitting ? granulesFor(chunk.length) * GRANULE : 0;
    if (!isFitting || needed > room) await putTogether();
    if (isFitting) {
      together.push(chunk);
      room -= needed;
    } else await putBytes(producer, chunk);
  }
  await putTogether();
}

function bufferOver({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function throwAbandoned(): never {
  throw new MemoryError("closed", {
    subject: "stream into a ring",
    event: "has nobody left to write to: the consumer of the ring is gone",
    cure: "Write while there is a consumer, or make another.",
  });
}

function throwNoBytes(chunk: unknown): never {
  throw new MemoryError("invalid-argument", {
    subject: "stream into a message ring",
    event: `takes bytes, and strings where it is a stream of Node, and was given ${shown(chunk)}`,
    cure: "Encode it first; rings of values take values.",
  });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
