import type { Lease } from "../core/lease.ts";
import { type Cursor, type CursorClass, generateCursor, installCursor, throwOutside } from "./cursor.ts";
import { className, Source } from "./generation.ts";
import { Healing, PASS } from "./pass.ts";
import { install, showAs } from "./view-members.ts";
import {
  checkWritable,
  EPOCH,
  follow,
  LEASE,
  type LeasedClass,
  type LeasedView,
  POSITION,
  positionOf,
  settled,
  TYPE,
  WRITE_EPOCH,
} from "./view-parts.ts";
import { copySource, type Dialect } from "./view-source.ts";
import type { ViewLayout } from "./views.ts";

/** Where the views of a class can lie. */
export interface LeasedReach {
  /** Beyond 4 GiB too. */
  readonly wide: boolean;
  /** In memories that may move unseen too: each access looks whether there was anything. */
  readonly moves: boolean;
}

/**
 * The generated views of a type that serve any lease.
 *
 * Their accessors are kept short: V8 inlines some 900 bytes of bytecode into one function, and where it stops a view becomes a real object, which
 * costs ten times as much as all accesses together. These have some 60 bytes each.
 */
export class LeasedViews<View> {
  readonly View: LeasedClass<View>;
  readonly #layout: ViewLayout;
  readonly #wide: boolean;
  readonly #moves: boolean;
  readonly #healing = new Healing(() => this.#install());
  #Cursor: CursorClass<View> | undefined;

  constructor(layout: ViewLayout, { wide, moves }: LeasedReach) {
    this.#layout = layout;
    this.#wide = wide;
    this.#moves = moves;
    this.View = classOf<View>(layout.type.name);
    showAs(this.View.prototype, layout.type.name);
    install(this.View.prototype, { [TYPE]: layout.type }, "methods");
    this.#install();
  }

  cursor(lease: Lease, byteOffset: number, count: number): Cursor<View> {
    if (this.#Cursor === undefined) {
      this.#Cursor = generateCursor<View>(this.#layout.type.name);
      this.#installCursor(this.#Cursor);
    }
    const position = positionOf(byteOffset, this.#wide);
    return new this.#Cursor(new this.View(lease, position), position, count);
  }

  #install(): void {
    const layout = this.#layout;
    const source = new Source();
    const dialect = this.#dialect(source);
    const text = `return { ${copySource(dialect, layout.type)}${layout.source(dialect, this.#outside)} };`;
    install(this.View.prototype, source.run(`${layout.type.name}.leased`, text) as object, layout.members);
    if (this.#Cursor !== undefined) this.#installCursor(this.#Cursor);
  }

  #installCursor(Class: CursorClass<View>): void {
    const { name, byteSize } = this.#layout.type;
    installCursor(Class, {
      ...{ name, byteSize, wide: this.#wide, outside: this.#outside },
      create: (source, row, position) => `new ${source.bind(this.View)}(${row}[${source.bind(LEASE)}], ${position})`,
    });
  }

  #dialect(source: Source): Dialect {
    const [lease, epoch, writeEpoch] = [LEASE, EPOCH, WRITE_EPOCH].map((key) => `this[${source.bind(key)}]`);
    // As epochs only grow, and 0 is none, the difference is an index of `PASS` exactly when there is none.
    const pass = source.bind(PASS);
    const toRead = `const l = ${lease}; if (${pass}[l.epoch - ${epoch}] === undefined) ${source.bind(this.#stale)}(this);`;
    const toWrite = `const l = ${lease}; if (${pass}[l.epoch - ${writeEpoch}] === undefined) ${source.bind(this.#locked)}(this);`;
    return {
      source,
      wide: this.#wide,
      toRead,
      toWrite,
      follow: this.#moves ? `${source.bind(this.#follow)}(l);` : undefined,
      memory: this.#moves ? `${source.bind(settled)}(l.memory)` : "l.memory",
      array: (view) => `l.${view}`,
      create: (views, position) => `new ${source.bind(views.leasedClass(this.#wide, this.#moves))}(l, ${position})`,
    };
  }

  readonly #stale = (view: LeasedView): never => {
    this.#healing.failed();
    return view[LEASE].throwStale(view[EPOCH]);
  };

  readonly #locked = (view: LeasedView): never => {
    const lease = view[LEASE];
    if (lease.epoch !== view[EPOCH]) return this.#stale(view);
    this.#healing.failed();
    checkWritable(lease.memory);
    return lease.throwReadOnly();
  };

  readonly #follow = (lease: Lease): void => {
    this.#healing.failed();
    follow(lease.memory, lease.u8);
  };

  readonly #outside = (index: number, length: number): never => {
    this.#healing.failed();
    return throwOutside(this.#layout.type.name, index, length);
  };
}

/** A class without members, which its maker installs. */
function classOf<View>(name: string): LeasedClass<View> {
  const source = new Source();
  const [position, lease, epoch, writeEpoch] = [POSITION, LEASE, EPOCH, WRITE_EPOCH].map((key) => source.bind(key));
  return source.run(
    name,
    `return class ${className(name, "View")} {
  constructor(l, p) {
    this[${position}] = p;
    this[${lease}] = l;
    this[${epoch}] = l.epoch;
    this[${writeEpoch}] = l.readOnly ? 0 : l.epoch;
  }
};`,
  ) as LeasedClass<View>;
}
