import {
  add,
  block,
  branch,
  branchIf,
  type Code,
  either,
  get,
  int,
  isZero,
  less,
  load,
  loadByte,
  loop,
  mul,
  or,
  rotateLeft,
  set,
  shiftLeft,
  shiftRight,
  sub,
  tee,
  when,
  xor,
} from "../../core/wasm-code.ts";
import { FIRST, SECOND } from "../hash.ts";

/** The locals that it is given, and those that it uses. */
export interface HashLocals {
  readonly seed: number;
  readonly secret: number;
  /** Not kept. */
  readonly start: number;
  readonly byteLength: number;
  readonly end: number;
  /** Here the hash is left. */
  readonly a: number;
  readonly b: number;
  readonly word: number;
}

/** In WebAssembly, `hashBytes` of `byteLength` bytes from the address `start` on: see hash.ts. */
export function hashCode({ seed, secret, start, byteLength, end, a, b, word }: HashLocals): Code[] {
  const mix = (bytes: Code) => [
    set(a, mul(xor(get(a), tee(word, bytes)), int(FIRST))),
    set(a, xor(get(a), shiftRight(get(a), int(15)))),
    set(b, rotateLeft(xor(mul(get(b), get(secret)), get(word)), int(9))),
  ];
  return [
    set(a, xor(get(seed), int(FIRST))),
    set(b, get(seed)),
    set(end, add(get(start), get(byteLength))),
    either(
      less(get(byteLength), int(4)),
      [
        when(
          get(byteLength),
          ...mix(
            or(
              or(loadByte(get(start)), shiftLeft(loadByte(add(get(start), shiftRight(get(byteLength), int(1)))), int(8))),
              shiftLeft(loadByte(sub(get(end), int(1))), int(16)),
            ),
          ),
        ),
      ],
      [
        block(
          loop(
            branchIf(1, isZero(less(get(start), sub(get(end), int(4))))),
            ...mix(load(get(start))),
            set(start, add(get(start), int(4))),
            branch(0),
          ),
        ),
        ...mix(load(sub(get(end), int(4)))),
      ],
    ),
    set(a, add(get(a), mul(xor(get(b), get(byteLength)), int(SECOND)))),
    set(a, mul(xor(get(a), shiftRight(get(a), int(16))), int(FIRST))),
    set(a, mul(xor(get(a), shiftRight(get(a), int(13))), int(SECOND))),
    set(a, xor(get(a), shiftRight(get(a), int(16)))),
  ];
}
