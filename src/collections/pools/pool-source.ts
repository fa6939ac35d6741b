import { HANDLE_BITS, type HandleForm } from "../../core/handle.ts";
import { canGenerate, className, Source } from "../../layout/generation.ts";
import type { Type } from "../../layout/type.ts";
import { throwNotLive } from "./pool-mistakes.ts";
import type { Poolable } from "./pool-options.ts";
import { layoutSlot, SLOTS } from "./pool-slots.ts";
import { HEAD, NEXT, SIZE, UNKNOWN } from "./pool-state.ts";

/** Up to here a record is zeroed word by word, which is several times faster than a call. */
const SHORT_BYTES = 64;
/** Up to so many words in a slot its place is less than 2^31, whatever the handle, and V8 knows it. */
const SMALL_WORDS = 32;

/** What differs between pools of one type, as far as code is concerned. */
export interface PoolShape {
  readonly blockLength: number;
  readonly form: HandleForm;
  /** Some of its places are beyond 4 GiB. */
  readonly wide: boolean;
  /** Its memory may move unseen. */
  readonly moves: boolean;
  /** Its blocks lie one behind the other. */
  readonly inRow: boolean;
}

type PoolMethods = { readonly prototype: object };

const classes = new WeakMap<object, Map<string, unknown>>();

/**
 * A class for pools of one type and shape: that of all pools, with the methods of hot loops as functions of its own, in which its numbers are
 * constants. V8 divides by a constant with a multiplication, and sees through to the views, of which it meets one class only. They do what the
 * methods of Pool do, which serve where no code can be generated.
 */
export function poolClass<Class extends PoolMethods>(Base: Class, type: Poolable, shape: PoolShape): Class {
  if (!canGenerate()) return Base;
  const known = classes.get(type) ?? new Map<string, unknown>();
  classes.set(type, known);
  const key = `${shape.inRow ? "row" : shape.blockLength}/${shape.form}/${shape.wide}/${shape.moves}`;
  const Known = known.get(key) ?? generate(Base, type, shape);
  known.set(key, Known);
  return Known as Class;
}

function generate(Base: PoolMethods, type: Poolable, { blockLength, form, wide, moves, inRow }: PoolShape): PoolMethods {
  const source = new Source();
  const bits = HANDLE_BITS[form];
  const none = bits.indexMask;
  const { recordByteOffset, slotWords, align } = layoutSlot(bits, type.byteSize, type.align);
  const own = `this[${source.bind(SLOTS)}]`;
  const shift = Math.log2(bits.byteSize);
  const times = (slots: string) => (slotWords > SMALL_WORDS ? `Math.imul(${slots}, ${slotWords})` : `(${slots}) * ${slotWords}`);
  const found = inRow
    ? `at = ${times("i")} + ${align / bits.byteSize}`
    : `b = (i / ${blockLength}) | 0, at = t.bases[b & t.blockMask] + ${times(`i - b * ${blockLength}`)}`;
  const at = `const i = h & ${bits.indexMask}, ${found};`;
  const taken = `let next = state[${NEXT}];
  if (next < 0) next = word & ${bits.indexMask}; else state[${NEXT}] = ${UNKNOWN};
  state[${HEAD}] = next; state[${SIZE}]++;`;
  const follow = moves ? "t.memory.byteLength;" : "";
  const position = wide ? `at * ${bits.byteSize} + ${recordByteOffset}` : `(at << ${shift}) + ${recordByteOffset} | 0`;
  const view = `new ${source.bind(type.leasedClass(wide, moves))}(t.lease, ${position})`;
  const fail = source.bind(throwNotLive);
  const methods = `
has(h) { const t = ${own}; ${at} return t.words[at] === h || this.missed(h); }
get(h) { const t = ${own}; ${at} if (t.words[at] !== h && !this.missed(h)) ${fail}(t, h); return ${view}; }
tryGet(h) { const t = ${own}; ${at} if (t.words[at] !== h && !this.missed(h)) return undefined; return ${view}; }
ptrOf(h) { const t = ${own}; ${at} if (t.words[at] !== h && !this.missed(h)) ${fail}(t, h); return ${wide ? position : `(${position}) >>> 0`}; }
uncheckedGet(h) { const t = ${own}; ${at} return ${view}; }
add(init) {
  if (init !== undefined) return this.addFrom(init);
  const t = ${own}; ${follow}
  const state = t.stateWords;
  let h = state[${HEAD}];
  if (h === ${none}) { this.makeRoom(); h = state[${HEAD}]; }
  ${at}
  const words = t.words, word = words[at];
  ${taken}
  ${zeroText(type, slotWords, recordByteOffset, bits.byteSize)}
  return words[at] = word - next + (${bits.generation} + i);
}
addFrom(init) {
  const t = ${own}; ${follow}
  const state = t.stateWords;
  let h = state[${HEAD}];
  if (h === ${none}) { this.makeRoom(); h = state[${HEAD}]; }
  ${at}
  const words = t.words, word = words[at];
  ${taken}
  h = words[at] = word - next + (${bits.generation} + i);
  try { ${source.bind(type)}.rawWrite(t.memory, at * ${bits.byteSize} + ${recordByteOffset}, init); } catch (error) { this.remove(h); throw error; }
  return h;
}
remove(h) {
  const t = ${own}; ${at}
  const words = t.words;
  if (words[at] !== h || h >= t.spent) return super.remove(h);
  const state = t.stateWords;
  const next = state[${HEAD}];
  words[at] = h - i + (${bits.generation} + next);
  state[${NEXT}] = next; state[${HEAD}] = i; state[${SIZE}]--;
}`;
  const name = className(`${type.name}Pool`, "PoolOfType");
  const text = `return class ${name} extends ${source.bind(Base)} {${methods}\n};`;
  return source.run(`${type.name}.pool`, text) as PoolMethods;
}

/** Up to the end of the slot, where the words that it is made of can do it. */
function zeroText({ byteSize }: Type<unknown, never>, slotWords: number, recordByteOffset: number, wordBytes: number): string {
  const first = recordByteOffset / wordBytes;
  if (byteSize > SHORT_BYTES) {
    const start = `at * ${wordBytes} + ${recordByteOffset}`;
    return `t.memory.u8.fill(0, ${start}, ${start} + ${byteSize});`;
  }
  return Array.from({ length: slotWords - first }, (_, word) => `words[at + ${first + word}] = 0;`).join(" ");
}
