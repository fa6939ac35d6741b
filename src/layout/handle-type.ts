import { type Handle, type HandleForm, handleBits, handleParts, NO_HANDLE } from "../core/handle.ts";
import type { Memory } from "../core/memory.ts";
import { BoxedType } from "./boxed.ts";
import type { Place } from "./place.ts";
import type { DirectCodec, Type } from "./type.ts";

/** The type of a field that names a record in a pool. */
export class HandleType<T> extends BoxedType<Handle<T>, Handle<T>> {
  readonly codec: DirectCodec;
  readonly form: HandleForm;

  /** Use `handleTo`. */
  constructor(of: string, form: HandleForm) {
    const { byteSize } = handleBits(`handle to ${of}`, form);
    super({ name: `handle to ${of}`, kind: "handle", byteSize, align: byteSize, signature: `handle${byteSize * 8}` });
    this.form = form;
    // With a decoder and without an encoder, assignment is checked by rawCheck.
    this.codec = { shape: "direct", view: form === "wide" ? "f64" : "u32", decode: (stored) => stored };
  }

  rawRead(memory: Memory, byteOffset: number): Handle<T> {
    const number = this.form === "wide" ? memory.f64[byteOffset / 8] : memory.u32[byteOffset / 4];
    return number as Handle<T>;
  }

  rawCheck(value: unknown, place: Place): Handle<T> {
    if (value === NO_HANDLE || handleParts(value)?.form === this.form) return value as Handle<T>;
    return place.refuse(value, `Pass a ${this.form} handle, as a pool gives it out, or NO_HANDLE.`);
  }

  rawStore(memory: Memory, byteOffset: number, checked: unknown): void {
    if (this.form === "wide") memory.f64[byteOffset / 8] = Number(checked);
    else memory.u32[byteOffset / 4] = Number(checked);
  }
}

/**
 * A field that names a record of `type`: `struct("Item", { owner: handleTo(Player) })`. Zero bytes are `NO_HANDLE`. Eight bytes; four in the narrow
 * form, for pools whose handles are narrow. What is stored is checked to be a handle of that form; whether it still names something, `pool.tryGet`
 * tells.
 *
 * A struct cannot name its own type while it is defined: `handleTo()` is a handle to a record of any type.
 */
export function handleTo<T extends Type = Type<unknown, never>>(type?: T, form: HandleForm = "wide"): HandleType<T> {
  return new HandleType<T>(type?.name ?? "any record", form);
}
