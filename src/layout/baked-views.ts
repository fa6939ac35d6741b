import type { Dependent, Memory } from "../core/memory.ts";
import { type CursorClass, generateCursor, installCursor, throwOutside } from "./cursor.ts";
import { className, Source } from "./generation.ts";
import { Healing } from "./pass.ts";
import { install, poison, showAs } from "./view-members.ts";
import {
  type BakedClass,
  checkPlace,
  checkRecords,
  checkWritable,
  follow,
  movesUnseen,
  NARROW_BYTES,
  POSITION,
  positionOf,
  settled,
  TYPE,
} from "./view-parts.ts";
import { atSource, copySource, type Dialect } from "./view-source.ts";
import type { Bound, ViewLayout } from "./views.ts";

/**
 * The generated views of a type in one memory: its typed arrays are constants in them, and so are their addresses in compiled code.
 *
 * Invariants:
 * 1. The accessors know the typed arrays that the memory has now: when growth moves the bytes they are made anew.
 * 2. After the memory is closed every accessor throws `closed`, and nothing here holds a typed array of it.
 */
export class BakedViews<View> implements Dependent {
  readonly memory: Memory;
  readonly View: BakedClass<View>;
  readonly bound: Bound<View>;
  readonly #layout: ViewLayout;
  readonly #Cursor: CursorClass<View>;
  readonly #healing = new Healing(() => this.#install());

  constructor(layout: ViewLayout, memory: Memory) {
    this.memory = memory;
    this.#layout = layout;
    this.View = classOf<View>(layout.type.name);
    this.#Cursor = generateCursor<View>(layout.type.name);
    this.bound = boundTo<View>(layout.type.name, memory, (byteOffset, count) => {
      checkRecords(layout.type, memory, byteOffset, count);
      const position = positionOf(byteOffset, this.#wide);
      return new this.#Cursor(new this.View(position), position, count);
    });
    showAs(this.View.prototype, layout.type.name);
    install(this.View.prototype, { [TYPE]: layout.type }, "methods");
    this.#install();
    memory.addDependent(this);
  }

  get #wide(): boolean {
    return this.memory.u8.length > NARROW_BYTES;
  }

  memoryMoved(): void {
    this.#install();
  }

  memoryClosed(): void {
    const refuse = () => this.memory.throwClosed();
    poison(this.View.prototype, refuse);
    poison(Object.getPrototypeOf(this.bound), refuse);
  }

  #install(): void {
    settled(this.memory);
    const layout = this.#layout;
    const wide = this.#wide;
    const source = new Source();
    const dialect = this.#dialect(source, wide);
    const text = `return [
{ ${copySource(dialect, layout.type)}${layout.source(dialect, this.#outside)} },
{ ${atSource(source, layout.type.align, this.#starts(), wide, this.View, this.#misplaced)} }];`;
    const [members, at] = source.run(`${layout.type.name}.baked`, text) as [object, object];
    install(this.View.prototype, members, layout.members);
    install(Object.getPrototypeOf(this.bound), at, "methods");
    installCursor(this.#Cursor, {
      ...{ name: layout.type.name, byteSize: layout.type.byteSize, wide, outside: this.#outside },
      create: (cursor, _row, position) => `new ${cursor.bind(this.View)}(${position})`,
    });
  }

  /** One element for each multiple of the alignment at which a value has room before the end of the typed arrays. */
  #starts(): ArrayLike<unknown> {
    const { align, byteSize } = this.#layout.type;
    const { memory } = this;
    const elements = align === 1 ? memory.u8 : align === 2 ? memory.u16 : align === 4 ? memory.u32 : memory.f64;
    return elements.subarray(0, Math.max(0, Math.floor((memory.u8.length - byteSize) / align) + 1));
  }

  #dialect(source: Source, wide: boolean): Dialect {
    const { memory } = this;
    const moves = movesUnseen(memory);
    return {
      source,
      wide,
      toRead: "",
      toWrite: memory.readOnly ? `${source.bind(checkWritable)}(${source.bind(memory)});` : "",
      follow: moves ? `${source.bind(this.#follow)}();` : undefined,
      memory: moves ? `${source.bind(settled)}(${source.bind(memory)})` : source.bind(memory),
      array: (view) => source.bind(memory[view]),
      create: (views, position) => {
        const View = views.bakedClass(memory);
        if (View !== undefined) return `new ${source.bind(View)}(${position})`;
        return `new ${source.bind(views.leasedClass(wide, moves))}(${source.bind(memory.lease)}, ${position})`;
      },
    };
  }

  readonly #follow = (): void => {
    const { memory } = this;
    const { u8 } = memory;
    follow(memory, u8);
  };

  readonly #outside = (index: number, length: number): never => {
    this.#healing.failed();
    return throwOutside(this.#layout.type.name, index, length);
  };

  /** Called with a pointer that `at` does not take. It may take it after all: a WebAssembly module may have grown the memory. */
  readonly #misplaced = (ptr: number): View => {
    this.#healing.failed();
    const { memory } = this;
    const { type } = this.#layout;
    checkPlace(type, memory, ptr, type.byteSize);
    return new this.View(positionOf(ptr, this.#wide));
  };
}

function classOf<View>(name: string): BakedClass<View> {
  const source = new Source();
  const position = source.bind(POSITION);
  const text = `return class ${className(name, "View")} { constructor(p) { this[${position}] = p; } };`;
  return source.run(name, text) as BakedClass<View>;
}

/** An object with a class of its own, so that V8 sees which type in which memory it is and compiles its `at` into the caller. */
function boundTo<View>(name: string, memory: Memory, cursor: Bound<View>["cursor"]): Bound<View> {
  const source = new Source();
  const text = `return class ${className(`${name}Bound`, "Bound")} { constructor(memory, cursor) { this.memory = memory; this.cursor = cursor; } };`;
  const BoundOf = source.run(`${name}.bound`, text) as new (memory: Memory, cursor: Bound<View>["cursor"]) => Bound<View>;
  return new BoundOf(memory, cursor);
}
