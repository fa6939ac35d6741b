import { MAX_BYTE_LENGTH } from "../core/align.ts";
import { privateMemory } from "../core/homes.ts";
import { Memory } from "../core/memory.ts";
import { refuseTicket } from "../core/ticket.ts";

/** Growth makes the memory at least this much larger, so that the copies cost a constant for each byte. */
const GROWTH = 1.5;
/** A memory that outgrows this moves once more, into a reservation, and grows in place from there on. */
const SMALL_BYTES = 16 * 1024 ** 2;
/** The largest buffer of Node 20. Only what is used of it becomes memory. */
const RESERVED_BYTES = 4 * 1024 ** 3;

/**
 * Private memory of no bytes for structures that were not told where to go. While it is small it grows by moving to a larger buffer, as an
 * unshared WebAssembly memory does: views and structures that read through it follow, typed arrays that were taken out keep showing the
 * old bytes. Once it is large it grows in place, where the engine has the room.
 *
 * A reservation would cost each small memory 0.1 to 4 ms, because the engine counts reserved bytes of an ArrayBuffer as used ones and
 * collects garbage for them; these cost a few microseconds and are collected like any object.
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
      if (now.tryGrow(byteLength)) return;
      const larger = roomier(now.byteLength, byteLength);
      larger.u8.set(now.bytes(0, now.byteLength));
      now = larger;
    },
    release: () => {
      now = privateMemory(0);
    },
    ticket: () => refuseTicket({ subject }),
  });
}

/** The most generous memory of at least `least` bytes that the engine gives. Throws `out-of-memory`. */
function roomier(byteLength: number, least: number): Memory {
  const wanted = Math.max(Math.ceil((byteLength * GROWTH) / 8) * 8, least);
  const reserved = Math.max(RESERVED_BYTES, 2 * least);
  return (least > SMALL_BYTES ? attempt(least, reserved) : undefined) ?? attempt(wanted, wanted) ?? privateMemory(least);
}

function attempt(byteLength: number, maxByteLength: number): Memory | undefined {
  try {
    return privateMemory(byteLength, { maxByteLength });
  } catch {
    return undefined;
  }
}
