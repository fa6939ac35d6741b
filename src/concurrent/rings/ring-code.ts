import { canGenerate, Source } from "../../layout/generation.ts";
import type { Type } from "../../layout/type.ts";
import { POSITION } from "../../layout/view-parts.ts";
import { elementsOf } from "./ring-elements.ts";

/*
 * The hot paths of a ring as source text, once for each type: shared code would meet values of many types, which V8 makes slow everywhere from the fifth on.
 * They do what the methods of the same names in ring-producer.ts and ring-consumer.ts do, which stand where no code can be generated.
 */

/** Lets most good values pass at once; others go to `rawCheck`, which refuses or takes them. */
const FITS: Readonly<Record<string, string>> = {
  u8: "(v & 255) === v",
  i8: "(v << 24 >> 24) === v",
  u16: "(v & 65535) === v",
  i16: "(v << 16 >> 16) === v",
  u32: "(v >>> 0) === v",
  i32: "(v | 0) === v",
  f32: `typeof v === "number" && v >= -${2 ** 127} && v <= ${2 ** 127}`,
  f64: `typeof v === "number"`,
};

const HERE = "const at = this.position; const slot = at >= this.capacity ? at - this.capacity : at;";
const NEXT = "const next = at + 1; this.position = next === this.twice ? 0 : next; this.ready -= 1; this.pending += 1;";
const TELL = "if (this.pending >= this.flushEvery) this.flush();";
const SOME = "this.ready === 0 && this.refresh() === 0";

type AnyClass = new (...given: never[]) => object;

/** A subclass of a producer, for one type. */
export function producerCode<Class extends AnyClass>(Base: Class, type: Type<unknown, never>): Class {
  if (!canGenerate()) return Base;
  const source = new Source();
  const raw = source.bind(type);
  const fits = FITS[type.name];
  const isElement = elementsOf(type) !== undefined;
  const check = `${raw}.rawCheck(v, this.place)`;
  const store = isElement
    ? "this.data[this.first + slot] = k;"
    : `${raw}.rawStore(this.memory, this.first + slot * ${type.byteSize}, k);`;
  const text = `return class Producer extends ${source.bind(Base)} {
push(v) {
  const k = ${isElement && fits !== undefined ? `${fits} ? v : ${check}` : check};
  if (${SOME}) return false;
  ${HERE} ${store} ${NEXT} ${TELL}
  return true;
}${type.codec.shape === "nested" ? fillCode(source, type) : ""}
};`;
  return source.run(`${type.name}.producer`, text) as Class;
}

/** A subclass of a consumer, for one type. */
export function consumerCode<Class extends AnyClass>(Base: Class, type: Type<unknown, never>): Class {
  if (!canGenerate()) return Base;
  const source = new Source();
  const isElement = elementsOf(type) !== undefined;
  const load = isElement
    ? "this.data[this.first + slot]"
    : `${source.bind(type)}.rawRead(this.memory, this.first + slot * ${type.byteSize})`;
  const isShown = type.codec.shape === "nested";
  const show = isShown ? `${moveCode(source, type, "slot")} const v = row;` : `const v = ${load};`;
  const drain = `
drain(fn, limit = Infinity) {
  const most = Math.min(limit, this.atLeast(limit));
  ${isShown ? "const { view: row, wide } = this.moving();" : ""}
  let done = 0;
  try {
    while (done < most && this.ready > 0) {
      if (this.pending >= this.drainEvery) this.flush();
      ${HERE} ${show} ${NEXT}
      done += 1;
      fn(v);
    }
  } finally { this.flush(); }
  return done;
}`;
  const text = `return class Consumer extends ${source.bind(Base)} {
pop() {
  if (${SOME}) return undefined;
  ${HERE} const v = ${load}; ${NEXT} ${TELL}
  return v;
}
peek() {
  if (${SOME}) return undefined;
  ${HERE} return ${load};
}${isElement || isShown ? drain : ""}
};`;
  return source.run(`${type.name}.consumer`, text) as Class;
}

/** One view is moved over the slots, of which `this.first` is the first byte. */
function moveCode(source: Source, type: Type<unknown, never>, slot: string): string {
  const place = `this.first + ${slot} * ${type.byteSize}`;
  return `row[${source.bind(POSITION)}] = wide ? ${place} : (${place}) | 0;`;
}

function fillCode(source: Source, type: Type<unknown, never>): string {
  return `
fill(fn, limit = Infinity) {
  const ready = this.atLeast(limit);
  const most = Math.min(limit, ready);
  this.setAside(most);
  const { view: row, wide } = this.moving();
  let done = 0;
  try {
    for (let slot = this.position >= this.capacity ? this.position - this.capacity : this.position; done < most; done++) {
      ${moveCode(source, type, "slot")}
      slot = slot + 1 === this.capacity ? 0 : slot + 1;
      fn(row);
    }
  } finally { this.settle(ready, done); }
  return done;
}`;
}
