import { MAX_BYTE_LENGTH } from "../core/align.ts";
import { privateMemory } from "../core/homes.ts";
import { Memory } from "../core/memory.ts";
import { refuseTicket } from "../core/ticket.ts";

/** Growth makes the memory at least this much larger, so that the copies cost a constant for each byte. */
const GROWTH = 1.5;

/**
 * Private memory of no bytes that grows by moving to a larger buffer, as an unshared WebAssembly memory does: views and structures that read
 * through it follow, typed arrays that were taken out keep showing the old bytes.
 *
 * For small memories that come and go. A reservation would cost each of them 0.1 to 4 ms, because the engine counts reserved bytes of
 * an ArrayBuffer as used ones and collects garbage for them; these cost a few microseconds and are collected like any object.
 */
export function movingMemory(subject: string): Memory {
  let now = privateMemory(0);
  return new Memory({
    home: "private",
    subject,
    readOnly: false,
    maxByteLength: MAX_BYTE_LENGTH,
    buffer: () => now.buffer,
    byteLength: () => now.byteLength,
    commit: (byteLength) => {
      const larger = generous(Math.ceil((now.byteLength * GROWTH) / 8) * 8, byteLength);
      larger.u8.set(now.u8);
      now = larger;
    },
    release: () => {
      now = privateMemory(0);
    },
    ticket: () => refuseTicket({ subject }),
  });
}

function generous(wanted: number, least: number): Memory {
  if (wanted <= least) return privateMemory(least);
  try {
    return privateMemory(wanted);
  } catch {
    return privateMemory(least);
  }
}
