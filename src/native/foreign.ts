/** The types of C that offheap's calls take, and what they are in JavaScript. Sizes and offsets of files are numbers up to 2^53. */
export interface CTypes {
  readonly i16: number;
  readonly i32: number;
  readonly u32: number;
  readonly i64: number;
  readonly size: number;
  readonly address: bigint;
  readonly text: string;
  /** The address of bytes of ours, for the time of the call. */
  readonly bytes: Uint8Array;
}

export type CType = keyof CTypes;

export type CFunction<Result extends CType, Parameters extends readonly CType[]> = (
  ...parameters: { [Index in keyof Parameters]: CTypes[Parameters[Index]] }
) => CTypes[Result];

/** What an asynchronous call ended with. `errno` means nothing on Windows. */
export interface Ended {
  readonly result: number;
  readonly errno: number;
}

/** A way to call C functions that the process has loaded. Each thread has its own. */
export interface ForeignFunctions {
  readonly name: "koffi" | "node:ffi";
  /** Throws where there is no such function. Takes some 20 µs. `library` is needed on Windows alone, for what is not Node's own. An address of 0 is 0n. */
  bind<const Result extends CType, const Parameters extends readonly CType[]>(
    name: string,
    result: Result,
    parameters: Parameters,
    library?: string,
  ): CFunction<Result, Parameters>;
  /** For functions whose C prototype ends in `...`: on some machines what stands there is passed in another way. One such parameter. */
  bindVariadic<const Parameters extends readonly CType[], const Last extends CType>(
    name: string,
    parameters: Parameters,
    last: Last,
  ): CFunction<"i32", readonly [...Parameters, Last]>;
  /** Like `bind`, for calls that run on another thread. Missing where there is no such thing. */
  bindAsync?<const Parameters extends readonly CType[]>(
    name: string,
    result: "i32" | "i64",
    parameters: Parameters,
    library?: string,
  ): (...parameters: { [Index in keyof Parameters]: CTypes[Parameters[Index]] }) => Promise<Ended>;
  /** Runs `msync` on another thread, so that this one goes on. */
  msyncAsync(address: bigint, byteLength: number, flags: number): Promise<Ended>;
  /** Where the bytes of a buffer lie. Does not keep it alive. */
  addressOf(buffer: ArrayBufferLike): bigint;
  /** A buffer over memory that is there for at least as long. Throws where the engine allows no such thing. */
  viewOf(address: bigint, byteLength: number): ArrayBuffer;
  /** The errno of this thread's last call; to be asked for before anything else is called. */
  errno(): number;
}
