import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { throwSettled } from "./message-mistakes.ts";

/** Room for one message, to be written in place: `memory.u8` and its like from `byteOffset` on, or `bytes()`. */
export class MessageClaim {
  readonly memory: Memory;
  /** A multiple of 64. */
  readonly byteOffset: number;
  readonly byteLength: number;
  #settle: ((byteLength: number) => void) | undefined;

  /** Use `tryClaim` of a producer. `settle` hears how long the message is, or -1 for none. */
  constructor(memory: Memory, byteOffset: number, byteLength: number, settle: (byteLength: number) => void) {
    this.memory = memory;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.#settle = settle;
  }

  /** The bytes, without a copy. Nothing must be written there after commit or abort. */
  bytes(): Uint8Array {
    if (this.#settle === undefined) throwSettled("claim of a message");
    return this.memory.bytes(this.byteOffset, this.byteLength);
  }

  /** Passes the message on; with `byteLength` only its first bytes. Throws `invalid-argument`, `participant-lost` (it was revoked). */
  commit(byteLength = this.byteLength): void {
    if (!(Number.isInteger(byteLength) && byteLength >= 0 && byteLength <= this.byteLength)) {
      throw new MemoryError("invalid-argument", {
        subject: "claim of a message",
        event: "cannot commit so many bytes",
        numbers: { byteLength: String(byteLength), claimed: this.byteLength },
        cure: "Claim as many as the message may need, and commit at most those.",
      });
    }
    this.#end(byteLength);
  }

  /** Gives the room back; nothing is sent. */
  abort(): void {
    this.#end(-1);
  }

  #end(byteLength: number): void {
    const settle = this.#settle;
    if (settle === undefined) throwSettled("claim of a message");
    this.#settle = undefined;
    settle(byteLength);
  }
}
