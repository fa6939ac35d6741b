import { checkByteLength, MAX_BYTE_LENGTH } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { BaseType } from "./base-type.ts";
import { isIndex } from "./cursor.ts";
import { Place } from "./place.ts";
import { isType } from "./struct-fields.ts";
import type { FieldOf, InputOf, NestedCodec, ReadonlyArrayView, Type, ValueOf } from "./type.ts";
import { type SizedType, unsizedIn } from "./unsized.ts";
import { composedElements } from "./view-composed.ts";
import { COPY, isView } from "./view-parts.ts";
import { elementSource } from "./view-source.ts";
import { Views } from "./views.ts";

/** The elements of an array that lies in a memory. Elements with parts are views, fresh ones at each `at`. */
export interface ArrayView<Element, Input = Element> extends ReadonlyArrayView<Element> {
  /** Stores an element: a number as an assignment to a typed array does, other values checked. Throws `out-of-bounds`, `bad-value`. */
  set(index: number, value: Input): void;
  /** Stores all elements. Throws `bad-value`, and then stores nothing, unless there are exactly `length` of them and all fit. */
  assign(values: ArrayInput<Input>): void;
}

/** What an array can be written from: an array, a typed array, or the view of another array. */
export type ArrayInput<Input> = ArrayLike<Input> | ReadonlyArrayView<unknown>;

type ArrayViewOf<T extends Type> = ArrayView<FieldOf<T>, InputOf<T>>;

/** A type of `length` values of one type, one behind another. */
export class ArrayType<T extends Type> extends BaseType<ValueOf<T>[], ArrayInput<InputOf<T>>, ArrayViewOf<T>> {
  readonly element: T;
  /** In elements. */
  readonly length: number;
  readonly codec: NestedCodec;
  protected readonly views: Views<ArrayViewOf<T>>;

  /** Use `array`. */
  constructor(element: T, length: number) {
    const byteSize = element.byteSize * length;
    const { align } = element;
    const signature = `[${element.signature};${length}]#${byteSize}/${align}`;
    super({ name: `${element.name}[${length}]`, kind: "array", byteSize, align, signature });
    this.element = element;
    this.length = length;
    this.views = viewsOf<ArrayViewOf<T>>(this, element, length);
    this.codec = { shape: "nested", views: this.views };
  }

  rawRead(memory: Memory, byteOffset: number): ValueOf<T>[] {
    const { element, length } = this;
    const values: ValueOf<T>[] = [];
    for (let index = 0; index < length; index++) {
      values.push(element.rawRead(memory, byteOffset + index * element.byteSize) as ValueOf<T>);
    }
    return values;
  }

  rawCheck(value: unknown, place: Place): unknown {
    const { element } = this;
    const given = this.#elements(isView(value) ? value[COPY]() : value, place);
    const checked: unknown[] = [];
    const here = new Place(place, 0);
    for (let index = 0; index < this.length; index++) {
      here.key = index;
      checked.push(element.rawCheck(given[index], here));
    }
    return checked;
  }

  rawStore(memory: Memory, byteOffset: number, checked: unknown): void {
    const { element } = this;
    const stored = checked as readonly unknown[];
    for (let index = 0; index < this.length; index++) {
      element.rawStore(memory, byteOffset + index * element.byteSize, stored[index]);
    }
  }

  #elements(value: unknown, place: Place): ArrayLike<unknown> {
    if (!Array.isArray(value) && !isTypedArray(value)) return place.refuse(value, `Pass an array of ${this.length} elements.`);
    const { length } = value;
    if (length === this.length) return value;
    return place.refuse(value, "Pass exactly as many elements as it has.", { length, needed: this.length });
  }
}

/**
 * `length` values of one type: `array(f32, 16)`. In a struct it reads as an `ArrayView` and can be assigned from an array. For columns and
 * other long runs of numbers take typed arrays: `memory.slice("f32", byteOffset, length)`.
 */
export function array<T extends SizedType>(element: T, length: number): ArrayType<T> {
  if (!isType(element)) {
    throw new MemoryError("invalid-argument", {
      subject: "array",
      event: "was not given the type of its elements",
      cure: "Pass it first: array(f32, 16).",
    });
  }
  const unsized = unsizedIn(element);
  if (unsized !== undefined) {
    throw new MemoryError("invalid-argument", {
      subject: "array",
      event: `was given elements of the type ${unsized.name}, which has no size of its own`,
      cure: unsized.cure,
    });
  }
  checkByteLength("array", "length", length, 1, Math.floor(MAX_BYTE_LENGTH / element.byteSize));
  return new ArrayType(element, length);
}

function viewsOf<View>(type: Type, element: Type, length: number): Views<View> {
  return new Views({
    type,
    members: "methods",
    source: (dialect, outside) => elementSource(dialect, type, element, length, (index: number) => outside(index, length)),
    composed: (outside) =>
      Object.defineProperties(
        {},
        composedElements(type, element, length, (index) => {
          if (!isIndex(index, length)) outside(index, length);
        }),
      ),
  });
}

function isTypedArray(value: unknown): value is ArrayLike<unknown> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
