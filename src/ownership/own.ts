import { Allocator } from "../alloc/allocator.ts";
import { MemoryError } from "../core/errors.ts";
import { isType } from "../layout/struct-fields.ts";
import type { ReadonlyView, Type } from "../layout/type.ts";
import { KeptValue, PlacedValue } from "./owned.ts";
import { Owner, type OwnerOptions } from "./owner.ts";
import { type OwnerTicket, openTicket, type ReceiveOptions } from "./owner-ticket.ts";

export interface OwnOptions<Value> extends OwnerOptions {
  /** Frees the value. Default: its own `[Symbol.dispose]` or `[Symbol.asyncDispose]`, where it has one. */
  readonly dispose?: (value: Value) => unknown;
}

/**
 * The one owner of a value. See {@link Owner}.
 *
 * `own(allocator, type, init)` places a value as `allocator.create` does, and gives it back in the end. Borrows of it show views that end with
 * them, and through shared ones nothing can be written. Throws `out-of-memory`, `bad-value`; nothing has changed then.
 *
 * `own(value)` owns anything that JavaScript has. What cannot dispose of itself needs `dispose`: `own(handle, { dispose: (handle) =>
 * pool.remove(handle) })`.
 */
export function own<Input, View>(
  allocator: Allocator,
  type: Type<unknown, Input, View>,
  init?: Input,
  options?: OwnerOptions,
): Owner<View, ReadonlyView<View>>;
export function own<Value>(value: Value, options?: OwnOptions<Value>): Owner<Value>;
export function own(first: unknown, second: unknown = {}, init?: unknown, more: OwnerOptions = {}): Owner<unknown> {
  if (first instanceof Allocator && isType(second)) {
    return new Owner(PlacedValue.create(first, second, init), more.name ?? second.name, more.trace ?? false);
  }
  const { name, trace = false, dispose } = checkedOptions(second);
  return new Owner(new KeptValue(first, dispose), name ?? nameOf(first), trace);
}

/** The owner that another thread has moved here: `message` is what it posted. Throws `invalid-argument`, `layout-mismatch`, `moved`. */
export function receiveOwner<View>(
  message: OwnerTicket,
  type: Type<unknown, unknown, View>,
  options: ReceiveOptions & OwnerOptions = {},
): Owner<View, ReadonlyView<View>> {
  const counted = openTicket(message, "own", type, options);
  const owner: Owner<unknown> = new Owner(counted, options.name ?? message.name, options.trace ?? false);
  return owner as Owner<View, ReadonlyView<View>>;
}

function checkedOptions(options: unknown): OwnOptions<unknown> {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return options;
  throw new MemoryError("invalid-argument", {
    subject: "own",
    event: "was given neither a type nor options",
    cure: "own(allocator, type, init), or own(value, { dispose }).",
  });
}

function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  const maker: unknown = Reflect.get(value, "constructor");
  return typeof maker === "function" && maker !== Object && maker.name !== "" ? maker.name : "an owned value";
}
