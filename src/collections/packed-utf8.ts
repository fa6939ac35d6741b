/**
 * One code point as its UTF-8 bytes in one integer, first byte lowest: what hashing and comparing text needs where no encoded copy
 * shall be made. A lone surrogate packs to the three bytes that it would have, which are in no valid UTF-8.
 */
export function packUtf8(codePoint: number): number {
  if (codePoint < 0x80) return codePoint;
  if (codePoint < 0x800) return 0x80c0 | (codePoint >>> 6) | ((codePoint & 0x3f) << 8);
  if (codePoint < 0x1_0000) {
    return 0x80_80e0 | (codePoint >>> 12) | (((codePoint >>> 6) & 0x3f) << 8) | ((codePoint & 0x3f) << 16);
  }
  return (
    0x8080_80f0 |
    (codePoint >>> 18) |
    (((codePoint >>> 12) & 0x3f) << 8) |
    (((codePoint >>> 6) & 0x3f) << 16) |
    ((codePoint & 0x3f) << 24)
  );
}

/** How many bytes of the packed integer count, 1 to 4. */
export function packedByteLength(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x1_0000 ? 3 : 4;
}

/** The code point at `at`; above 0xffff it took two units. A plain function of char codes: `String.prototype.codePointAt` is typed to return undefined. */
export function codePointAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if ((unit & 0xfc00) !== 0xd800 || at + 1 >= text.length) return unit;
  const next = text.charCodeAt(at + 1);
  return (next & 0xfc00) === 0xdc00 ? ((unit - 0xd800) << 10) + (next - 0xdc00) + 0x1_0000 : unit;
}

/** Whether the UTF-8 bytes of `text` are `u8[start, start + byteLength)`, found without making them. */
export function equalsUtf8(text: string, u8: Uint8Array, start: number, byteLength: number): boolean {
  const { length } = text;
  if (length > byteLength || byteLength > length * 3) return false;
  let from = start;
  const end = start + byteLength;
  for (let at = 0; at < length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      if (from >= end || u8[from++] !== unit) return false;
      continue;
    }
    const codePoint = codePointAt(text, at);
    if (codePoint > 0xffff) at += 1;
    const packed = packUtf8(codePoint);
    const count = packedByteLength(codePoint);
    if (from + count > end) return false;
    for (let k = 0; k < count; k++) if (u8[from++] !== ((packed >>> (k * 8)) & 0xff)) return false;
  }
  return from === end;
}
