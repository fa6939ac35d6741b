import { MOST_INT32 } from "../core/align.ts";
import { clearBytes } from "../core/clear-bytes.ts";
import { ELEMENT_BYTES, type Memory, type ViewName } from "../core/memory.ts";
import type { Source } from "./generation.ts";
import { Place } from "./place.ts";
import { fieldNotInherited, refuseRecord, refuseUndefined, refuseUnknown } from "./record-refusals.ts";
import { type Field, fieldsOf } from "./struct-fields.ts";
import type { NestedViews, Type } from "./type.ts";
import { checkPlace, checkWritable, movesUnseen, settled } from "./view-parts.ts";

/** How plain objects go to and from the bytes of a struct. */
export interface RecordCodec {
  read(memory: Memory, byteOffset: number): unknown;
  check(value: unknown, place: Place): unknown;
  store(memory: Memory, byteOffset: number, checked: unknown): void;
}

type Entries = readonly [string, Field][];

/**
 * A codec as source text of an object literal. Structs within the struct are flattened: what `check` returns is one flat object of stored
 * elements.
 */
export function recordSource(source: Source, fields: Entries): string {
  const { names, declared, checks, stores } = partsOf(source, fields, 0);
  return `{
read(m, o) { return ${readText(source, fields, 0)}; },
check(v, p) { ${declared} ${checks} return { ${names.join(", ")} }; },
store(m, o, c) { const { ${names.join(", ")} } = c; ${stores} }
}`;
}

/**
 * `read`, `write`, `view`, `rawView` and `rawPlace` of a struct as source text: functions of this struct alone, which V8 can compile into their callers;
 * and `write` in one piece, without an object between checking and storing. The text is a function's body that returns them.
 *
 * What V8 compiles into a caller is rationed, so what is rare is in functions apart, and a value without `init` has a function that is no longer than its
 * stores. One comparison tells all that is rare of a new place: beyond 2 GiB, or behind the end of the typed arrays, because a WebAssembly module has moved
 * the bytes and they have not been followed yet.
 */
export function methodSource(source: Source, type: Type, fields: Entries, views: NestedViews): string {
  const { names, declared, checks, stores, placed, clears } = partsOf(source, fields, type.byteSize);
  const place = (memory: string) => `${source.bind(checkPlace)}(${source.bind(type)}, ${memory}, o, ${type.byteSize});`;
  const classes = source.bind(views);
  const outermost = source.bind(new Place(undefined, type.name));
  const isFar = `o > ${MOST_INT32 - type.byteSize}`;
  const [view, elementBytes] = alignedView(type);
  const taken = `const o = h.rawAlloc(${type.byteSize}, ${type.align}); if (o === 0) return 0;
const m = h.memory, a = m.${view}; if (${isFar} || ${shifted(type.byteSize, elementBytes)} > a.length)`;
  const kept = (values: readonly string[]) => `${taken} return far(m, o, ${values.join(", ")}); ${clears}`;
  const checked = (by: string) => `const p = ${outermost}; ${declared} ${by} ${kept(names)} ${placed} return o;`;
  const quick = quickText(source, fields);
  const filled =
    quick === undefined
      ? `const filled = (h, v) => { ${checked(checks)} };`
      : `const slowly = (h, v, ${quick.given.join(", ")}) => { ${checked(checkText(source, "v", fields, [], 0, [], true))} };
const filled = (h, v) => { if (typeof v !== "object" || v === null) return slowly(h, v);
${quick.reads} if (!(${quick.holds})) return slowly(h, v, ${quick.given.join(", ")}); ${kept(quick.given)} ${quick.stores} return o; };`;
  return `let View;
const clear = (m, o) => { ${source.bind(clearBytes)}(${source.bind(settled)}(m), o, ${type.byteSize}); return o; };
const far = (m, o, ${names.join(", ")}) => { clear(m, o); ${stores} return o; };
const empty = (h) => { ${taken} return clear(m, o); ${zeroText(type) ?? "return clear(m, o);"} return o; };
${filled}
const seen = (l, o) => {
if (${isFar} || ${source.bind(movesUnseen)}(l.memory)) return ${classes}.rawView(l, o);
if (View === undefined) View = ${classes}.leasedClass(false, false);
return new View(l, o | 0);
};
return {
read(m, o) { ${place("m")} return ${readText(source, fields, 0)}; },
write(m, o, v) { const p = ${outermost}; ${declared} ${checks} ${place("m")} ${source.bind(checkWritable)}(m); ${stores} },
rawWrite(m, o, v) { const p = ${outermost}; ${declared} ${checks} ${stores} },
view(l, o) { ${place("l.memory")} return seen(l, o); },
rawView: seen,
rawPlace(h, v) { return v === undefined ? empty(h) : filled(h, v); }
};`;
}

/**
 * How an object is taken that has exactly the fields, all of them numbers that certainly fit: in a fraction of the code that tells what is wrong with
 * another. Undefined where the struct has fields of other kinds.
 */
function quickText(source: Source, fields: Entries) {
  const given = fields.map((_, at) => `v_${at}`);
  const fits: string[] = [];
  for (const [at, [name, { type }]] of fields.entries()) {
    const fit = type.kind === "scalar" && !(name in Object.prototype) ? QUICK[type.name]?.(given[at]) : undefined;
    if (fit === undefined) return undefined;
    fits.push(fit);
  }
  const reads = fields.map(([name], at) => `const v_${at} = v[${JSON.stringify(name)}];`).join(" ");
  const stores = fields.map(([_, { type, byteOffset }], at) => storeText(source, { name: given[at], type, byteOffset }, shifted));
  return {
    given,
    reads: `${reads} let n = ${fields.length}; for (const _ in v) n -= 1;`,
    holds: `n === 0 && ${fits.join(" && ")}`,
    stores: stores.join(" "),
  };
}

/** Of few words one store each, of many a call. */
const MOST_ZERO_STORES = 16;

/** The view that a value is a whole number of elements of, and how long those are. */
function alignedView({ align }: Type): readonly [ViewName, number] {
  return align >= 8 ? ["f64", 8] : align >= 4 ? ["u32", 4] : align === 2 ? ["u16", 2] : ["u8", 1];
}

/** Statements that store zeros in all of a value, in the view `a` of its alignment. Undefined where a call is better. */
function zeroText(type: Type): string | undefined {
  const [, elementBytes] = alignedView(type);
  const count = type.byteSize / elementBytes;
  if (count > MOST_ZERO_STORES) return undefined;
  return Array.from({ length: count }, (_, at) => `a[${shifted(at * elementBytes, elementBytes)}] = 0;`).join(" ");
}

function partsOf(source: Source, fields: Entries, byteSize: number) {
  const leaves: Leaf[] = [];
  const checks = checkText(source, "v", fields, [], 0, leaves);
  const names = leaves.map(({ name }) => name);
  const declared = `let ${leaves.map(({ name, type }) => `${name} = ${zeroOf(type)}`).join(", ")};\n`;
  const stores = leaves.map((leaf) => storeText(source, leaf, index)).join("\n");
  const placed = leaves.map((leaf) => storeText(source, leaf, shifted)).join("\n");
  return { names, declared, checks: `${checks}\n`, stores, placed, clears: clearText(source, leaves, byteSize) };
}

/**
 * Statements that store zeros wherever the stores of the leaves may not: between them and behind them, and in those that may have such places
 * inside. So nothing tells there of what was there before.
 */
function clearText(source: Source, leaves: readonly Leaf[], byteSize: number): string {
  const parts: string[] = [];
  let end = 0;
  const clearTo = (from: number): void => {
    for (; end < from; end++) parts.push(`m.u8[o + ${end}] = 0;`);
  };
  for (const { byteOffset, type } of leaves) {
    clearTo(byteOffset);
    end = byteOffset + type.byteSize;
    if (type.codec.shape !== "direct") parts.push(`${source.bind(clearBytes)}(m, o + ${byteOffset}, ${type.byteSize});`);
  }
  clearTo(byteSize);
  return parts.join("\n");
}

/** A value that does not lie flat in what is around it, at its offset from the beginning of the outermost struct. */
interface Leaf {
  readonly name: string;
  readonly type: Type;
  readonly byteOffset: number;
}

function readText(source: Source, fields: Entries, base: number): string {
  // A computed key, because `__proto__: v` in a literal means something else.
  const members = fields.map(
    ([name, field]) => `[${JSON.stringify(name)}]: ${readField(source, field.type, base + field.byteOffset)}`,
  );
  return `{ ${members.join(", ")} }`;
}

function readField(source: Source, type: Type, byteOffset: number): string {
  const { codec } = type;
  const inner = fieldsOf(type);
  if (inner !== undefined) return readText(source, inner, byteOffset);
  if (codec.shape !== "direct") return `${source.bind(type)}.rawRead(m, o + ${byteOffset})`;
  const stored = `m.${codec.view}[${index(byteOffset, ELEMENT_BYTES[codec.view])}]`;
  return codec.decode === undefined ? stored : `${source.bind(codec.decode)}(${stored})`;
}

function storeText(source: Source, { name, type, byteOffset }: Leaf, indexOf: typeof index): string {
  const { codec } = type;
  if (codec.shape === "direct") return `m.${codec.view}[${indexOf(byteOffset, ELEMENT_BYTES[codec.view])}] = ${name};`;
  const zero = `m.u8.fill(0, o + ${byteOffset}, o + ${byteOffset + type.byteSize})`;
  return `if (${name} === undefined) ${zero}; else ${source.bind(type)}.rawStore(m, o + ${byteOffset}, ${name});`;
}

function index(byteOffset: number, elementBytes: number): string {
  const first = elementBytes === 1 ? "o" : `o / ${elementBytes}`;
  return byteOffset === 0 ? first : `${first} + ${byteOffset / elementBytes}`;
}

/** The same for places within 2 GiB, where it costs a fraction: V8 then computes in 32-bit integers. */
function shifted(byteOffset: number, elementBytes: number): string {
  const first = elementBytes === 1 ? "o" : `(o >>> ${Math.log2(elementBytes)})`;
  return byteOffset === 0 ? first : `${first} + ${byteOffset / elementBytes}`;
}

/** What a field that is left out is stored as: bytes of zero. */
function zeroOf({ codec }: Type): string {
  return codec.shape !== "direct" ? "undefined" : codec.view === "i64" || codec.view === "u64" ? "0n" : "0";
}

/**
 * Statements that check the object in the variable `value`, which `path` leads to, and assign the leaves in it. Each field is read
 * once; `areRead`: its fields have been, into variables that are named after it. Keys are counted: more of them than fields means that some are not fields, and only then are they looked at.
 */
function checkText(
  source: Source,
  value: string,
  fields: Entries,
  path: readonly string[],
  base: number,
  leaves: Leaf[],
  areRead = false,
): string {
  const where = placeText(source, path);
  const count = `n${value}`;
  const names = source.bind(fields.map(([name]) => name));
  const parts = fields.map(([name, { type, byteOffset }], place) => {
    const given = `${value}_${place}`;
    const key = JSON.stringify(name);
    const read = name in Object.prototype ? `${source.bind(fieldNotInherited)}(${value}, ${key})` : `${value}[${key}]`;
    const here = [...path, name];
    const inner = fieldsOf(type);
    const check =
      inner === undefined
        ? leafText(source, given, type, here, base + byteOffset, leaves)
        : checkText(source, given, inner, here, base + byteOffset, leaves);
    return `${areRead ? "" : `const ${given} = ${read};`}
if (${given} !== undefined) { ${count} += 1; ${check} }
else if (${key} in ${value}) ${source.bind(refuseUndefined)}(${value}, ${key}, ${where});`;
  });
  return `if (typeof ${value} !== "object" || ${value} === null) ${source.bind(refuseRecord)}(${value}, ${where});
let ${count} = 0;
${parts.join("\n")}
for (const _ in ${value}) ${count} -= 1;
if (${count} < 0) ${source.bind(refuseUnknown)}(${value}, ${names}, ${where});`;
}

function leafText(source: Source, given: string, type: Type, path: readonly string[], byteOffset: number, leaves: Leaf[]): string {
  const name = `k${leaves.length}`;
  leaves.push({ name, type, byteOffset });
  const thorough = `${source.bind(type)}.rawCheck(${given}, ${placeText(source, path)})`;
  const quick = type.kind === "scalar" ? QUICK[type.name]?.(given) : undefined;
  return `${name} = ${quick === undefined ? thorough : `${quick} ? ${given} : ${thorough}`};`;
}

function placeText(source: Source, path: readonly string[]): string {
  return path.reduce((parent, name) => `new ${source.bind(Place)}(${parent}, ${JSON.stringify(name)})`, "p");
}

/** Conditions under which a value certainly fits. */
const QUICK: { readonly [name: string]: ((value: string) => string) | undefined } = {
  u8: (v) => `typeof ${v} === "number" && (${v} & 255) === ${v}`,
  u16: (v) => `typeof ${v} === "number" && (${v} & 65535) === ${v}`,
  u32: (v) => `typeof ${v} === "number" && ${v} >>> 0 === ${v}`,
  i8: (v) => `typeof ${v} === "number" && ${v} << 24 >> 24 === ${v}`,
  i16: (v) => `typeof ${v} === "number" && ${v} << 16 >> 16 === ${v}`,
  i32: (v) => `typeof ${v} === "number" && (${v} | 0) === ${v}`,
  f32: (v) => `typeof ${v} === "number" && ${v} < 3e38 && ${v} > -3e38`,
  f64: (v) => `typeof ${v} === "number"`,
};
