export {
  attachPort,
  type Codec,
  jsonCodec,
  type RingChannel,
  type RingChannelOptions,
  RingPort,
  type RingPortTicket,
  ringChannel,
} from "./ring-port.ts";
export { readable, readableStream, writable, writableStream } from "./ring-streams.ts";
