import { encodePoint } from "../core/utf8.ts";
import { unitAt } from "./json-scanner.ts";

const BACKSLASH = 0x5c;

/**
 * Undoes the escapes of a JSON string in `[start, end)`, in place, and returns the new end. The scanner has checked them. No escape is
 * shorter than its UTF-8: six bytes make three at most, a pair of twelve makes four.
 */
export function unescapeJson(u8: Uint8Array, start: number, end: number): number {
  let to = start;
  for (let from = start; from < end; ) {
    const byte = u8[from];
    if (byte !== BACKSLASH) {
      u8[to++] = byte;
      from += 1;
      continue;
    }
    const letter = u8[from + 1];
    if (letter !== 0x75) {
      u8[to++] = unescapeLetter(letter);
      from += 2;
      continue;
    }
    const unit = unitAt(u8, from + 2);
    from += 6;
    if ((unit & 0xfc00) === 0xd800) {
      const low = unitAt(u8, from + 2);
      from += 6;
      to = encodePoint(0x1_0000 + ((unit & 0x3ff) << 10) + (low & 0x3ff), u8, to);
    } else {
      to = encodePoint(unit, u8, to);
    }
  }
  return to;
}

function unescapeLetter(letter: number): number {
  switch (letter) {
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return letter; // a quote, a backslash or a slash stands for itself
  }
}
