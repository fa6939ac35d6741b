import type { Lease } from "../core/lease.ts";
import { type Cursor, type CursorClass, generateCursor, installCursor, throwOutside } from "./cursor.ts";
import { className, Source } from "./generation.ts";
import { Healing } from "./pass.ts";
import { install, showAs } from "./view-members.ts";
import {
  checkWritable,
  EPOCH,
  follow,
  LEASE,
  type LeasedClass,
  POSITION,
  positionOf,
  settled,
  TYPE,
  WRITE_EPOCH,
} from "./view-parts.ts";
import { check, copySource, type Dialect } from "./view-source.ts";
import type { ViewLayout } from "./views.ts";

/** The generated views of a type that serve any lease: those of places within 4 GiB, or the wide ones of places beyond. */
export class LeasedViews<View> {
  readonly View: LeasedClass<View>;
  readonly #layout: ViewLayout;
  readonly #wide: boolean;
  readonly #healing = new Healing(() => this.#install());
  #Cursor: CursorClass<View> | undefined;

  constructor(layout: ViewLayout, wide: boolean) {
    this.#layout = layout;
    this.#wide = wide;
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
    const toRead = `const l = ${lease}; ${check(source, `l.epoch === ${epoch}`)} ${source.bind(this.#stale)}(l, ${epoch});`;
    const toWrite = `const l = ${lease}; ${check(source, `l.epoch === ${writeEpoch}`)} ${source.bind(this.#locked)}(l, ${epoch});`;
    return {
      source,
      wide: this.#wide,
      toRead,
      toWrite,
      follow: `${source.bind(this.#follow)}(l);`,
      memory: `${source.bind(settled)}(l.memory)`,
      array: (view) => `l.${view}`,
      create: (views, position) => `new ${source.bind(views.leasedClass(this.#wide))}(l, ${position})`,
    };
  }

  readonly #stale = (lease: Lease, epoch: number): never => {
    this.#healing.failed();
    return lease.throwStale(epoch);
  };

  readonly #locked = (lease: Lease, epoch: number): never => {
    this.#healing.failed();
    if (lease.epoch !== epoch) return lease.throwStale(epoch);
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
