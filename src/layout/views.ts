import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";
import { BakedViews } from "./baked-views.ts";
import { ComposedViews } from "./composed-views.ts";
import type { Cursor, Outside } from "./cursor.ts";
import { canGenerate } from "./generation.ts";
import { LeasedViews } from "./leased-views.ts";
import type { Type } from "./type.ts";
import type { MemberKind } from "./view-members.ts";
import {
  type BakedClass,
  checkPlace,
  checkRecords,
  type LeasedClass,
  movesUnseen,
  NARROW_BYTES,
  positionOf,
} from "./view-parts.ts";
import type { Dialect } from "./view-source.ts";

/** What views of a type have, however they are made. */
export interface ViewLayout {
  readonly type: Type;
  readonly members: MemberKind;
  /** The members as source text of an object literal. */
  source(dialect: Dialect, outside: Outside): string;
  composed(outside: Outside): object;
}

/** A type in one memory: makes views there without asking each time which memory it is. */
export interface Bound<View> {
  readonly memory: Memory;
  /** A view of the value at `ptr`. Throws `out-of-bounds` beyond the reservation, `invalid-argument` when misaligned, `closed`. */
  at(ptr: number): View;
  /** A cursor over `count` values that lie one behind another. Throws `out-of-bounds` beyond the committed bytes. */
  cursor(byteOffset: number, count: number): Cursor<View>;
}

/** View classes that serve any lease. */
interface AnyLease<View> {
  readonly View: LeasedClass<View>;
  cursor(lease: Lease, byteOffset: number, count: number): Cursor<View>;
}

/**
 * V8 keeps four shapes at a place that uses an object; with a fifth, every access there searches. One shape are the leased views, so
 * three memories at a time get views of their own.
 */
const BAKED_AT_MOST = 3;

/**
 * The view classes of one type.
 *
 * Leased views may be kept: they know their lease and throw when it has ended. One class serves all memories but those that a WebAssembly
 * module may move, and what lies beyond 4 GiB. Baked views are those of
 * `at` and of cursors: a class for each memory, with its typed arrays as constants. They end with the memory, when their accessors
 * are replaced by ones that throw.
 *
 * Invariants:
 * 1. At most `BAKED_AT_MOST` memories that are open and alive have baked views. A further memory gets leased ones, of its root lease.
 * 2. Nothing here keeps a memory alive: it is reached weakly, and the classes that know its typed arrays hang on the memory itself.
 */
export class Views<View> {
  readonly #layout: ViewLayout;
  readonly #type: Type;
  readonly #generate = canGenerate();
  readonly #bound = new WeakMap<Memory, Bound<View>>();
  #baked: WeakRef<BakedViews<View>>[] = [];
  #narrow: AnyLease<View> | undefined;
  #moving: AnyLease<View> | undefined;
  #wide: AnyLease<View> | undefined;

  constructor(layout: ViewLayout) {
    this.#layout = layout;
    this.#type = layout.type;
  }

  /** A view that lives as long as `lease`. Throws `out-of-bounds`, `invalid-argument`, `closed`. */
  view(lease: Lease, byteOffset: number): View {
    checkPlace(this.#type, lease.memory, byteOffset, this.#type.byteSize);
    return this.rawView(lease, byteOffset);
  }

  /** The same for a place that is known to be one. */
  rawView(lease: Lease, byteOffset: number): View {
    const wide = byteOffset + this.#type.byteSize > NARROW_BYTES;
    return new (this.leasedClass(wide, movesUnseen(lease.memory)))(lease, positionOf(byteOffset, wide));
  }

  leasedClass(wide: boolean, moves: boolean): LeasedClass<View> {
    return this.#anyLease(wide, moves).View;
  }

  /** The class of the baked views in `memory`; undefined where it has none. */
  bakedClass(memory: Memory): BakedClass<View> | undefined {
    this.in(memory);
    for (const reference of this.#baked) {
      const baked = reference.deref();
      if (baked?.memory === memory) return baked.View;
    }
    return undefined;
  }

  /** The type in `memory`. Some 5 ns once it is known; keep it where that counts. */
  in(memory: Memory): Bound<View> {
    return this.#bound.get(memory) ?? this.#bind(memory);
  }

  #bind(memory: Memory): Bound<View> {
    memory.checkOpen();
    const bound = this.#bake(memory) ?? this.#lease(memory);
    this.#bound.set(memory, bound);
    return bound;
  }

  #bake(memory: Memory): Bound<View> | undefined {
    this.#baked = this.#baked.filter((reference) => reference.deref()?.memory.closed === false);
    if (!this.#generate || this.#baked.length >= BAKED_AT_MOST) return undefined;
    const baked = new BakedViews<View>(this.#layout, memory);
    this.#baked.push(new WeakRef(baked));
    return baked.bound;
  }

  #lease(memory: Memory): Bound<View> {
    const { lease } = memory;
    return {
      memory,
      at: (ptr) => this.view(lease, ptr),
      cursor: (byteOffset, count) => {
        checkRecords(this.#type, memory, byteOffset, count);
        const wide = byteOffset + count * this.#type.byteSize > NARROW_BYTES;
        return this.#anyLease(wide, movesUnseen(memory)).cursor(lease, byteOffset, count);
      },
    };
  }

  #anyLease(wide: boolean, moves: boolean): AnyLease<View> {
    if (!this.#generate) {
      this.#wide ??= new ComposedViews<View>(this.#layout);
      return this.#wide;
    }
    if (wide) {
      this.#wide ??= new LeasedViews<View>(this.#layout, { wide: true, moves: true });
      return this.#wide;
    }
    if (moves) {
      this.#moving ??= new LeasedViews<View>(this.#layout, { wide: false, moves: true });
      return this.#moving;
    }
    this.#narrow ??= new LeasedViews<View>(this.#layout, { wide: false, moves: false });
    return this.#narrow;
  }
}
