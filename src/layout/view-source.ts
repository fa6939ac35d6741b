import { ELEMENT_BYTES, type ViewName } from "../core/memory.ts";
import type { Source } from "./generation.ts";
import { PASS } from "./pass.ts";
import { Place } from "./place.ts";
import type { NestedViews, Type } from "./type.ts";
import { byteOffsetOf, COPY, NARROW_BYTES, POSITION } from "./view-parts.ts";
import { generateWalk } from "./walk.ts";

/** How accessors of one kind are spelled: leased ones, or those baked for one memory. */
export interface Dialect {
  readonly source: Source;
  /** Positions may be beyond 32 bits: see invariant 2 of view-parts. */
  readonly wide: boolean;
  /** Statements that come before a read and before a write. They throw when the view may not do it. */
  readonly toRead: string;
  readonly toWrite: string;
  /** A statement that takes new typed arrays when one gave nothing; undefined where that cannot happen. */
  readonly follow: string | undefined;
  readonly memory: string;
  array(view: ViewName): string;
  create(views: NestedViews, position: string): string;
}

/** Where a field or an element `i` lies in what a view shows. `stride` is 0 for a field. */
export interface Address {
  readonly byteOffset: number;
  readonly stride: number;
}

/** The members of a struct's views: an accessor a field. */
export function fieldSource(dialect: Dialect, name: string, type: Type, byteOffset: number, place: Place): string {
  const key = JSON.stringify(name);
  const at = { byteOffset, stride: 0 };
  return `get ${key}() { ${dialect.toRead} ${load(dialect, type, at, `this[${key}]`)} },
set ${key}(v) { ${store(dialect, type, at, new Place(place, name), `this[${key}] = v`)} },
`;
}

/** The members of an array's views. */
export function elementSource(dialect: Dialect, array: Type, element: Type, length: number, outside: unknown): string {
  const { source, toRead, toWrite } = dialect;
  const at = { byteOffset: 0, stride: element.byteSize };
  const place = new Place(undefined, array.name);
  const bounds = `${check(source, indexIn(String(length), length > NARROW_BYTES))} ${source.bind(outside)}(i);`;
  const whole = source.bind(array);
  return `get length() { return ${length}; },
at(i) { ${toRead} ${bounds} ${load(dialect, element, at, "this.at(i)")} },
set(i, v) { ${bounds} ${store(dialect, element, at, place, "this.set(i, v)")} },
assign(v) { const k = ${whole}.rawCheck(v, ${source.bind(place)}); ${toWrite} ${whole}.rawStore(${dialect.memory}, ${byteOffset(dialect)}, k); },
toArray() { return this[${source.bind(COPY)}](); },
[Symbol.iterator]() { return new ${source.bind(generateWalk(array.name))}(this); },
`;
}

/** The method by which a view copies what it shows. */
export function copySource(dialect: Dialect, type: Type): string {
  const { source } = dialect;
  return `[${source.bind(COPY)}]() { ${dialect.toRead} return ${source.bind(type)}.rawRead(${dialect.memory}, ${byteOffset(dialect)}); },
`;
}

/**
 * The method that makes a view of the bytes at a pointer. `starts` is a typed array as wide as the type is aligned, and as long as there
 * are places for a value: looking up the pointer in it checks at once that it is whole, aligned and within. `misplaced` is called with
 * one that is not.
 */
export function atSource(source: Source, align: number, starts: unknown, wide: boolean, View: unknown, misplaced: unknown): string {
  const place = align === 1 ? "p" : `p / ${align}`;
  return `at(p) { if (${source.bind(starts)}[${place}] === undefined) return ${source.bind(misplaced)}(p); return new ${source.bind(View)}(p${wide ? "" : " | 0"}); },
`;
}

/** Where record `i` of a cursor lies. */
export function recordPosition(source: Source, first: string, stride: number, wide: boolean): string {
  return wide ? `${source.bind(byteOffsetOf)}(${first}) + i * ${stride}` : `(${first} + Math.imul(i, ${stride})) | 0`;
}

/** The head of an `if` whose body refuses: see `PASS`. */
export function check(source: Source, holds: string): string {
  return `if (${source.bind(PASS)}[${holds} ? 0 : 1] === undefined)`;
}

/** The condition that `i` is an index below `length`. */
export function indexIn(length: string, wide: boolean): string {
  return wide ? `Number.isSafeInteger(i) && i >= 0 && i < ${length}` : `(i >>> 0) === i && i < ${length}`;
}

function load(dialect: Dialect, type: Type, at: Address, again: string): string {
  const { codec } = type;
  if (dialect.follow === undefined || codec.shape === "copy" || codec.shape === "nested")
    return `return ${expression(dialect, type, at)};`;
  const stored = codec.shape === "direct" ? element(dialect, codec.view, at) : flag(dialect, at, codec.presentByteOffset);
  const value = codec.shape === "direct" ? decoded(dialect, type, "r") : `r !== 0 ? ${expression(dialect, codec.inner, at)} : null`;
  return `const r = ${stored}; if (r === undefined) { ${dialect.follow} return ${again}; } return ${value};`;
}

function expression(dialect: Dialect, type: Type, at: Address): string {
  const { codec } = type;
  switch (codec.shape) {
    case "direct":
      return decoded(dialect, type, element(dialect, codec.view, at));
    case "copy":
      return `${dialect.source.bind(type)}.rawRead(${dialect.memory}, ${byteOffset(dialect, at)})`;
    case "nested":
      return dialect.create(codec.views, position(dialect, at));
    case "optional":
      return `(${flag(dialect, at, codec.presentByteOffset)} !== 0 ? ${expression(dialect, codec.inner, at)} : null)`;
  }
}

function store(dialect: Dialect, type: Type, at: Address, place: Place, again: string): string {
  const { source, toWrite, follow } = dialect;
  const { codec } = type;
  const here = () => (at.stride === 0 ? source.bind(place) : `new ${source.bind(Place)}(${source.bind(place)}, i)`);
  const checked = () => `${source.bind(type)}.rawCheck(v, ${here()})`;
  if (codec.shape !== "direct") {
    return `const k = ${checked()}; ${toWrite} ${source.bind(type)}.rawStore(${dialect.memory}, ${byteOffset(dialect, at)}, k);`;
  }
  const value =
    codec.encode !== undefined ? `${source.bind(codec.encode)}(v)` : codec.decode !== undefined ? checked() : whole(codec.view);
  const target = dialect.array(codec.view);
  const index = elementIndex(dialect, at, ELEMENT_BYTES[codec.view]);
  if (follow === undefined) return `${toWrite} ${target}[${index}] = ${value};`;
  return `${toWrite} const a = ${target}, k = ${index}; a[k] = ${value}; if (a[k] === undefined) { ${follow} ${again}; }`;
}

/** A number as it is stored. What integers keep of one is the same with and without `| 0`; without, V8 goes through floating point where it does not know better. */
function whole(view: ViewName): string {
  return view === "f32" || view === "f64" || view === "i64" || view === "u64" ? "v" : "v | 0";
}

function decoded({ source }: Dialect, { codec }: Type, stored: string): string {
  return codec.shape === "direct" && codec.decode !== undefined ? `${source.bind(codec.decode)}(${stored})` : stored;
}

function element(dialect: Dialect, view: ViewName, at: Address): string {
  return `${dialect.array(view)}[${elementIndex(dialect, at, ELEMENT_BYTES[view])}]`;
}

function flag(dialect: Dialect, at: Address, presentByteOffset: number): string {
  return element(dialect, "u8", { ...at, byteOffset: at.byteOffset + presentByteOffset });
}

/** Shifting first costs least: V8 then knows that adding the rest cannot overflow. Exact division reaches beyond 4 GiB. */
function elementIndex(dialect: Dialect, { byteOffset, stride }: Address, elementBytes: number): string {
  const base = baseOf(dialect);
  const divided = elementBytes === 1 ? base : `${base} / ${elementBytes}`;
  const first = dialect.wide ? divided : `(${base} >>> ${Math.log2(elementBytes)})`;
  return `${first}${times(stride / elementBytes)}${plus(byteOffset / elementBytes)}`;
}

function position(dialect: Dialect, { byteOffset, stride }: Address): string {
  const base = baseOf(dialect);
  if (dialect.wide) return `${base}${times(stride)}${plus(byteOffset)}`;
  if (stride !== 0) return `(${base} + Math.imul(i, ${stride})${plus(byteOffset)}) | 0`;
  return byteOffset === 0 ? base : `(${base} + ${byteOffset}) | 0`;
}

function baseOf({ source, wide }: Dialect): string {
  const position = `this[${source.bind(POSITION)}]`;
  return wide ? `${source.bind(byteOffsetOf)}(${position})` : position;
}

function byteOffset(dialect: Dialect, at: Address = { byteOffset: 0, stride: 0 }): string {
  return dialect.wide ? position(dialect, at) : `((${position(dialect, at)}) >>> 0)`;
}

function times(stride: number): string {
  return stride === 0 ? "" : stride === 1 ? " + i" : ` + i * ${stride}`;
}

function plus(offset: number): string {
  return offset === 0 ? "" : ` + ${offset}`;
}
