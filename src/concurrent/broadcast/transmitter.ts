import { throwEnded } from "../../core/ended.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { encodedByteLength, encodeUtf8 } from "../../core/utf8.ts";
import { checkWritableHome } from "../../core/writable.ts";
import { throwType } from "../messages/message.ts";
import { Role, type RoleOptions } from "../role.ts";
import { Signal } from "../signal.ts";
import { type BroadcastPlan, messageWord, positionAt, UNIT, unitsFor } from "./broadcast-layout.ts";

const SUBJECT = "broadcast";

/** Who sends in a broadcast. */
export class Transmitter implements Disposable {
  readonly memory: Memory;
  readonly #plan: BroadcastPlan;
  readonly #role: Role;
  readonly #signal: Signal;
  #position: number;
  #closed = false;

  /** Use `broadcast(…).transmitter()`. */
  constructor(memory: Memory, plan: BroadcastPlan, options: RoleOptions) {
    checkWritableHome(SUBJECT, memory);
    this.memory = memory;
    this.#plan = plan;
    this.#signal = new Signal(memory, plan.signal);
    this.#role = new Role(memory, plan.role, SUBJECT, "transmitter", options);
    this.#role.take();
    const { i32 } = memory;
    this.#position = this.#findPosition();
    // What the last one had begun when it died was never sent.
    i32[plan.intent] = i32[plan.tail];
  }

  /** Sends a message, a copy. Never waits. Throws `invalid-argument` (longer than `maxByteLength`), `closed`. */
  send(bytes: Uint8Array, type = 0): void {
    const byteOffset = this.#begin(bytes.length, type);
    this.memory.u8.set(bytes, byteOffset);
    this.#end(bytes.length);
  }

  /** `send` of a text, as UTF-8. */
  sendText(text: string, type = 0): void {
    const byteLength = encodedByteLength(text);
    encodeUtf8(text, this.memory.u8, this.#begin(byteLength, type));
    this.#end(byteLength);
  }

  /** Leaves the role to others. Twice is harmless. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.memory.closed) return;
    this.#role.leave();
    this.#signal.raise();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #begin(byteLength: number, type: number): number {
    if (this.#closed)
      throwEnded(this.memory, SUBJECT, "Keep the transmitter open for as long as it is used.", "was sent to after close()");
    if (byteLength > this.#plan.maxByteLength) this.#throwLength(byteLength);
    if ((type | 0) !== type) throwType(SUBJECT, type);
    const { i32 } = this.memory;
    const plan = this.#plan;
    const units = unitsFor(byteLength);
    const left = plan.units - (this.#position % plan.units);
    const padding = units > left ? left : 0;
    // The load keeps plain stores that follow from being made before it, on machines that would.
    Atomics.exchange(i32, plan.intent, (this.#position + padding + units) | 0);
    Atomics.load(i32, plan.intent);
    if (padding > 0) {
      this.#writeHead(-padding, 0);
      this.#position += padding;
    }
    return this.#writeHead(byteLength, type);
  }

  #writeHead(length: number, type: number): number {
    const { i32 } = this.memory;
    const word = messageWord(this.#plan, this.#position);
    i32[word] = length;
    i32[word + 1] = type;
    i32[word + 2] = this.#position | 0;
    i32[word + 3] = Math.floor(this.#position / 2 ** 32);
    return word * 4 + UNIT;
  }

  #end(byteLength: number): void {
    const { i32 } = this.memory;
    const latest = this.#position;
    this.#position += unitsFor(byteLength);
    Atomics.store(i32, this.#plan.tail, this.#position | 0);
    Atomics.store(i32, this.#plan.latest, latest | 0);
    this.#signal.raise();
  }

  /** The whole position of the tail, from the head of the latest message. */
  #findPosition(): number {
    const { i32 } = this.memory;
    const plan = this.#plan;
    const tail = i32[plan.tail];
    const latest = i32[plan.latest];
    if (latest === tail) return tail >>> 0;
    return positionAt(this.memory, messageWord(plan, latest >>> 0)) + ((tail - latest) >>> 0);
  }

  #throwLength(byteLength: number): never {
    throw new MemoryError("invalid-argument", {
      subject: SUBJECT,
      event: "cannot hold a message of that length",
      numbers: { byteLength, maxByteLength: this.#plan.maxByteLength },
      cure: "Send it in parts, or make the broadcast with more byteCapacity.",
    });
  }
}
