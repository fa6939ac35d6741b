/** The eight hexadecimal digits of a word of 32 bits. */
export function hexDigits(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/** A word as messages show it: `0x0000002a`. */
export function hexWord(word: number): string {
  return `0x${hexDigits(word)}`;
}

/** A byte as messages show it: `0x2a`. */
export function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
