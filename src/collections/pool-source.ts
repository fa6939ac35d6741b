import { alignUp } from "../core/align.ts";
import { HANDLE_BITS, type HandleForm } from "../core/handle.ts";
import { canGenerate, className, Source } from "../layout/generation.ts";
import type { Type } from "../layout/type.ts";
import type { Poolable } from "./pool-options.ts";
import { HEAD, SIZE, SLOTS } from "./pool-slots.ts";
import { throwNotLive } from "./pool-stories.ts";

/** Up to here a record is zeroed word by word, which is several times faster than a call. */
const SHORT_BYTES = 64;

/** What differs between pools of one type, as far as code is concerned. */
export interface PoolShape {
  readonly blockLength: number;
  readonly form: HandleForm;
  /** Some of its places are beyond 4 GiB. */
  readonly wide: boolean;
  /** Its memory may move unseen. */
  readonly moves: boolean;
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
  const key = `${shape.blockLength}/${shape.form}/${shape.wide}/${shape.moves}`;
  const Known = known.get(key) ?? generate(Base, type, shape);
  known.set(key, Known);
  return Known as Class;
}

function generate(Base: PoolMethods, type: Poolable, { blockLength, form, wide, moves }: PoolShape): PoolMethods {
  const source = new Source();
  const bits = HANDLE_BITS[form];
  const none = bits.indexMask;
  const firstByteOffset = alignUp(blockLength * bits.byteSize, type.align);
  const own = `this[${source.bind(SLOTS)}]`;
  const shift = Math.log2(bits.byteSize);
  const place = `const i = h & ${bits.indexMask}, b = (i / ${blockLength}) | 0, s = i - Math.imul(b, ${blockLength}), base = t.bases[b & t.blockMask];`;
  const narrowed = `((base << ${shift}) + ${firstByteOffset} + Math.imul(s, ${type.byteSize}) | 0)`;
  const ptr = wide ? `(base * ${bits.byteSize} + ${firstByteOffset} + s * ${type.byteSize})` : `(${narrowed} >>> 0)`;
  const view = `new ${source.bind(type.leasedClass(wide, moves))}(t.lease, ${wide ? ptr : narrowed})`;
  const fail = source.bind(throwNotLive);
  const methods = `
has(h) { const t = ${own}; ${place} return t.words[base + s] === h || this.missed(h); }
get(h) { const t = ${own}; ${place} if (t.words[base + s] !== h && !this.missed(h)) ${fail}(t, h); return ${view}; }
tryGet(h) { const t = ${own}; ${place} if (t.words[base + s] !== h && !this.missed(h)) return undefined; return ${view}; }
uncheckedGet(h) { const t = ${own}; ${place} return ${view}; }
add(init) {
  const t = ${own}; if (t.moves) t.memory.byteLength;
  const state = t.state;
  let h = state[${HEAD}];
  if (h === ${none}) { this.makeRoom(); h = state[${HEAD}]; }
  ${place}
  const words = t.words, at = base + s, word = words[at], next = word & ${bits.indexMask};
  h = word - next + (${bits.generation} + i);
  words[at] = h; state[${HEAD}] = next; state[${SIZE}]++;
  const p = ${ptr};
  if (init === undefined) { ${zeroText(type, "t.memory", "p")} }
  else { try { ${source.bind(type)}.write(t.memory, p, init); } catch (error) { this.remove(h); throw error; } }
  return h;
}
remove(h) {
  const t = ${own}; ${place}
  const words = t.words, at = base + s;
  if (words[at] !== h || h >= t.spent) { if (!this.tryRemove(h)) ${fail}(t, h); return; }
  const state = t.state;
  words[at] = h - i + ${bits.generation} + state[${HEAD}];
  state[${HEAD}] = i; state[${SIZE}]--;
}`;
  const name = className(`${type.name}Pool`, "PoolOfType");
  const text = `return class ${name} extends ${source.bind(Base)} {${methods}\n};`;
  return source.run(`${type.name}.pool`, text) as PoolMethods;
}

function zeroText({ byteSize, align }: Type<unknown, never>, memory: string, ptr: string): string {
  if (align < 4 || byteSize > SHORT_BYTES) return `${memory}.u8.fill(0, ${ptr}, ${ptr} + ${byteSize});`;
  const words = Array.from({ length: byteSize / 4 }, (_, word) => `u[w + ${word}] = 0;`);
  return `const u = ${memory}.u32, w = ${ptr} / 4; ${words.join(" ")}`;
}
