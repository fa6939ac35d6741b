import type { Lease } from "../core/lease.ts";
import type { ViewName } from "../core/memory.ts";
import { Place } from "./place.ts";
import type { Type } from "./type.ts";
import { byteOffsetOf, COPY, checkWritable, EPOCH, follow, LEASE, type LeasedView, POSITION, settled } from "./view-parts.ts";
import { type Walkable, walk } from "./walk.ts";

/*
 * The members of views where no code can be generated: closures over the offset of a field. Each of the typed arrays has a function
 * literal of its own, so that V8 knows in each which one it reads. Positions here are always byte offsets.
 */

type Load = (lease: Lease, at: number) => unknown;
type Store<Stored> = (lease: Lease, at: number, stored: Stored) => void;
type BigIntView = "i64" | "u64";

const LOADS: { readonly [Name in ViewName]: Load } = {
  u8: ({ u8 }, at) => u8[at],
  i8: ({ i8 }, at) => i8[at],
  u16: ({ u16 }, at) => u16[at / 2],
  i16: ({ i16 }, at) => i16[at / 2],
  u32: ({ u32 }, at) => u32[at / 4],
  i32: ({ i32 }, at) => i32[at / 4],
  f32: ({ f32 }, at) => f32[at / 4],
  f64: ({ f64 }, at) => f64[at / 8],
  i64: ({ i64 }, at) => i64[at / 8],
  u64: ({ u64 }, at) => u64[at / 8],
};

const NUMBER_STORES: { readonly [Name in Exclude<ViewName, BigIntView>]: Store<number> } = {
  u8: ({ u8 }, at, stored) => {
    u8[at] = stored;
  },
  i8: ({ i8 }, at, stored) => {
    i8[at] = stored;
  },
  u16: ({ u16 }, at, stored) => {
    u16[at / 2] = stored;
  },
  i16: ({ i16 }, at, stored) => {
    i16[at / 2] = stored;
  },
  u32: ({ u32 }, at, stored) => {
    u32[at / 4] = stored;
  },
  i32: ({ i32 }, at, stored) => {
    i32[at / 4] = stored;
  },
  f32: ({ f32 }, at, stored) => {
    f32[at / 4] = stored;
  },
  f64: ({ f64 }, at, stored) => {
    f64[at / 8] = stored;
  },
};

const BIGINT_STORES: { readonly [Name in BigIntView]: Store<bigint> } = {
  i64: ({ i64 }, at, stored) => {
    i64[at / 8] = stored;
  },
  u64: ({ u64 }, at, stored) => {
    u64[at / 8] = stored;
  },
};

/** The members of a struct's views: an accessor a field. */
export function composedField(name: string, type: Type, byteOffset: number, parent: Place): PropertyDescriptor {
  const load = composedLoad(type);
  const store = composedStore(type);
  const place = new Place(parent, name);
  return {
    get(this: LeasedView) {
      return load(readable(this), byteOffsetOf(this[POSITION]) + byteOffset);
    },
    set(this: LeasedView, value: unknown) {
      store(this, byteOffset, value, place);
    },
  };
}

/** The members of an array's views. `checkIndex` throws. */
export function composedElements(
  array: Type,
  element: Type,
  length: number,
  checkIndex: (index: number) => void,
): PropertyDescriptorMap {
  const load = composedLoad(element);
  const store = composedStore(element);
  const place = new Place(undefined, array.name);
  return Object.getOwnPropertyDescriptors({
    get length() {
      return length;
    },
    at(this: LeasedView, index: number) {
      const lease = readable(this);
      checkIndex(index);
      return load(lease, byteOffsetOf(this[POSITION]) + index * element.byteSize);
    },
    set(this: LeasedView, index: number, value: unknown) {
      checkIndex(index);
      store(this, index * element.byteSize, value, new Place(place, index));
    },
    assign(this: LeasedView, value: unknown) {
      const checked = array.rawCheck(value, place);
      array.rawStore(writable(this).memory, byteOffsetOf(this[POSITION]), checked);
    },
    toArray(this: LeasedView & { [COPY](): unknown }) {
      return this[COPY]();
    },
    [Symbol.iterator](this: Walkable<unknown>) {
      return walk(this);
    },
  });
}

/** The method by which a view copies what it shows. */
export function composedCopy(type: Type): object {
  return {
    [COPY](this: LeasedView) {
      return type.rawRead(settled(readable(this).memory), byteOffsetOf(this[POSITION]));
    },
  };
}

function readable(view: LeasedView): Lease {
  const lease = view[LEASE];
  if (lease.epoch !== view[EPOCH]) lease.throwStale(view[EPOCH]);
  return lease;
}

function writable(view: LeasedView): Lease {
  const lease = readable(view);
  checkWritable(lease.memory);
  if (lease.readOnly) lease.throwReadOnly();
  return lease;
}

function composedLoad(type: Type): Load {
  const { codec } = type;
  switch (codec.shape) {
    case "direct": {
      const load = again(LOADS[codec.view]);
      const { decode } = codec;
      return decode === undefined ? load : (lease, at) => decode(Number(load(lease, at)));
    }
    case "copy":
      return (lease, at) => type.rawRead(settled(lease.memory), at);
    case "nested":
      return (lease, at) => codec.views.rawView(lease, at);
    case "optional": {
      const flag = again(LOADS.u8);
      const load = composedLoad(codec.inner);
      return (lease, at) => (flag(lease, at + codec.presentByteOffset) !== 0 ? load(lease, at) : null);
    }
  }
}

/** Looks once more after a WebAssembly module has grown its memory. */
function again(load: Load): Load {
  return (lease, at) => {
    const stored = load(lease, at);
    if (stored !== undefined) return stored;
    follow(lease.memory, lease.u8);
    return load(lease, at);
  };
}

function composedStore(type: Type): (view: LeasedView, byteOffset: number, value: unknown, place: Place) => void {
  const { codec } = type;
  if (codec.shape !== "direct") {
    return (view, byteOffset, value, place) => {
      const checked = type.rawCheck(value, place);
      type.rawStore(settled(writable(view).memory), byteOffsetOf(view[POSITION]) + byteOffset, checked);
    };
  }
  const load = again(LOADS[codec.view]);
  const { decode, encode } = codec;
  const put =
    codec.view === "i64" || codec.view === "u64"
      ? storedAs(BIGINT_STORES[codec.view])
      : encode !== undefined
        ? converted(NUMBER_STORES[codec.view], encode)
        : storedAs(NUMBER_STORES[codec.view]);
  const checks = decode !== undefined && encode === undefined;
  return (view, byteOffset, value, place) => {
    const stored = checks ? type.rawCheck(value, place) : value;
    const lease = writable(view);
    const at = byteOffsetOf(view[POSITION]) + byteOffset;
    load(lease, at);
    put(lease, at, stored);
  };
}

function converted(store: Store<number>, encode: (value: unknown) => number): Store<unknown> {
  return (lease, at, value) => store(lease, at, encode(value));
}

/** The typed array itself converts what it is given, and throws where it cannot: the compiler has told callers what to pass. */
function storedAs<Stored>(store: Store<Stored>): Store<unknown> {
  return (lease, at, value) => store(lease, at, value as Stored);
}
