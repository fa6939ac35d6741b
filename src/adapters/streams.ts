/// <reference lib="esnext.disposable" preserve="true" />
export { type Codec, cloneCodec, jsonCodec } from "./codecs.ts";
export {
  attachPort,
  type PortListener,
  type RingChannel,
  type RingChannelOptions,
  RingPort,
  type RingPortTicket,
  ringChannel,
} from "./ring-port.ts";
export { readable, readableStream, writable, writableStream } from "./ring-streams.ts";
