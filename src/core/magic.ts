/** A magic number from its four letters, as they lie in memory: little-endian. */
export function magicOf(letters: string): number {
  return [...letters].reduceRight((word, letter) => word * 256 + letter.charCodeAt(0), 0);
}
