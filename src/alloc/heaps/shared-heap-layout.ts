import { alignUp } from "../../core/align.ts";
import { magicOf } from "../../core/magic.ts";
import type { SeatsPlace } from "../../core/seats-place.ts";
import { fingerprintOf, HEADER_BYTES, type RegionFormat } from "../region.ts";
import { MOST_PAGES, PAGE_ENTRY_BYTES, PAGE_HEAP_WORDS } from "./page-layout.ts";
import { CLASS_COUNT, MOST_SMALL_BYTES, PAGE_BYTES } from "./size-classes.ts";
import { CLASS_WORDS } from "./span-rings.ts";

/*
 * The bytes of a shared heap:
 *
 *        0   header          see region.ts
 *       32   lock            4 bytes: see RobustLock. Whoever works on the page heap holds it, and names its seat there
 *       36   seats           i32, how many participants there can be; then 6 words reserved
 *       64   page heap       see page-layout.ts
 *      768   participants    2176 bytes each, numbered from 1, and as many for the spare seat:
 *               +  0   seat          16 bytes: see Seats. Who sits there is this participant
 *               + 32   collecting    i32: the returned blocks that are being taken in, a list like the next; its participant alone writes it
 *               + 64   returned i32  blocks of its spans that others freed: the last one of a list that is linked by their first words, in
 *                                    units of 8 bytes, 0: none. Others push by compare-and-swap, it alone takes the whole list by one
 *               + 128  classes       64 × 8 words: see SpanAllocator. Only the participant writes them, and the spans that hang in them
 *        …   page table      32 bytes a page: see page-layout.ts. FIRST, RUN and OWNER of a run stay as they are while a block in it is live
 *        …   pages           from the next multiple of 4096 on
 */
export const LOCK_WORD = HEADER_BYTES / 4;
export const SEATS_WORD: number = LOCK_WORD + 1;
export const STATE_WORD = 16;
const FIRST_PARTICIPANT_WORD: number = alignUp((STATE_WORD + PAGE_HEAP_WORDS) * 4, 64) / 4;
export const COLLECTING = 8;
export const RETURNED = 16;
export const CLASSES = 32;
const PARTICIPANT_WORDS: number = CLASSES + CLASS_COUNT * CLASS_WORDS;

export const SHARED_HEAP_FORMAT: RegionFormat = {
  subject: "shared heap",
  magic: magicOf("OHsh"),
  version: 1,
  fingerprint: fingerprintOf(CLASS_COUNT, MOST_SMALL_BYTES, PAGE_BYTES, PAGE_HEAP_WORDS, PAGE_ENTRY_BYTES, PARTICIPANT_WORDS),
  align: PAGE_BYTES,
  leastByteLength: 8 * PAGE_BYTES,
  mostByteLength: MOST_PAGES * PAGE_BYTES,
};

/** Where a participant's words begin, from the start of the region. */
export function participantWord(participant: number): number {
  return FIRST_PARTICIPANT_WORD + (participant - 1) * PARTICIPANT_WORDS;
}

/** The seats of the participants. */
export function seatsPlace(byteOffset: number, seats: number): SeatsPlace {
  return {
    byteOffset: byteOffset + FIRST_PARTICIPANT_WORD * 4,
    seats,
    strideByteLength: PARTICIPANT_WORDS * 4,
  };
}

/** Where the page table begins: behind the spare seat. */
export function tableWord(seats: number): number {
  return participantWord(seats + 2);
}
