import type { Memory } from "./memory.ts";

/** Up to here a loop is several times faster than a call of `fill`. */
const SHORT_BYTES = 128;

/** Zeros, so that padding never tells of what was there before. */
export function clearBytes(memory: Memory, byteOffset: number, byteLength: number): void {
  const end = byteOffset + byteLength;
  if (byteLength > SHORT_BYTES) {
    memory.u8.fill(0, byteOffset, end);
    return;
  }
  if (byteOffset % 4 === 0 && byteLength % 4 === 0) {
    const { u32 } = memory;
    for (let word = byteOffset / 4; word < end / 4; word++) u32[word] = 0;
    return;
  }
  const { u8 } = memory;
  for (let at = byteOffset; at < end; at++) u8[at] = 0;
}
