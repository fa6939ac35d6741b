import { deserialize, serialize } from "node:v8";

/** How messages become bytes. msgpackr's `{ encode: pack, decode: unpack }` is one. */
export interface Codec {
  encode(value: unknown): Uint8Array;
  /** The bytes are only there during the call. */
  decode(bytes: Uint8Array): unknown;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** JSON: plain data, in UTF-8 that any program reads. No cycles, maps, dates or typed arrays; what is `undefined` becomes null. */
export const jsonCodec: Codec = {
  encode: (value) => encoder.encode(JSON.stringify(value) ?? "null"),
  // Browsers do not decode from shared memory.
  decode: (bytes) => JSON.parse(decoder.decode(new Uint8Array(bytes))),
};

/** What `postMessage` of a `MessagePort` sends: structured clones, with cycles, maps, dates, typed arrays and errors. Both sides must run the same version of Node. */
export const cloneCodec: Codec = {
  encode: (value) => serialize(value),
  decode: (bytes) => deserialize(new Uint8Array(bytes)),
};
