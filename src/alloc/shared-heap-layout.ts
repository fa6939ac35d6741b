import { alignUp } from "../core/align.ts";
import { MOST_PAGES, PAGE_ENTRY_BYTES, PAGE_HEAP_WORDS } from "./page-layout.ts";
import { fingerprintOf, HEADER_BYTES, magicOf, type RegionFormat } from "./region.ts";
import { CLASS_COUNT, MOST_SMALL_BYTES, PAGE_BYTES } from "./size-classes.ts";
import { CLASS_WORDS } from "./span-rings.ts";

/*
 * The bytes of a shared heap:
 *
 *        0   header          see region.ts
 *       32   lock            8 bytes: see LockWord. Whoever works on the page heap holds it; the holder is its participant's number
 *       40   participants    i32, how many there can be; then 5 words reserved
 *       64   page heap       see page-layout.ts
 *      768   participants    2176 bytes each, numbered from 1:
 *               +  0   claim i32     0: nobody is this participant; changed by compare-and-swap
 *               + 64   returned i32  blocks of its spans that others freed: the last one of a list that is linked by their first words, in
 *                                    units of 8 bytes, 0: none. Others push by compare-and-swap, it alone takes the whole list by exchange
 *               + 128  classes       64 × 8 words: see SpanAllocator. Only the participant writes them, and the spans that hang in them
 *        …   page table      32 bytes a page: see page-layout.ts. FIRST, RUN and OWNER of a run stay as they are while a block in it is live
 *        …   pages           from the next multiple of 4096 on
 */
export const LOCK_WORD = HEADER_BYTES / 4;
export const PARTICIPANTS_WORD: number = LOCK_WORD + 2;
export const STATE_WORD = 16;
export const FIRST_PARTICIPANT_WORD: number = alignUp((STATE_WORD + PAGE_HEAP_WORDS) * 4, 64) / 4;
export const CLAIM = 0;
export const RETURNED = 16;
export const CLASSES = 32;
export const PARTICIPANT_WORDS: number = CLASSES + CLASS_COUNT * CLASS_WORDS;
export const MOST_PARTICIPANTS = 1024;

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

/** Where the page table begins. */
export function tableWord(participants: number): number {
  return participantWord(participants + 1);
}
