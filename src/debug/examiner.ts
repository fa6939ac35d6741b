import { hexByte } from "../core/hex.ts";
import type { Memory } from "../core/memory.ts";
import type { BlockStory } from "./block-lease.ts";
import type { BlockRecords } from "./block-records.ts";
import type { Mistake, MistakeKind } from "./mistake.ts";
import { FREED, firstDamage, lastDamage, paint, paintFreed, REDZONE } from "./paint.ts";
import { Place } from "./place.ts";
import { BY_FREE, BY_LEASE, BY_REALLOC, LIVE, QUARANTINED } from "./record-layout.ts";
import { NONE } from "./record-list.ts";
import type { Settings } from "./settings.ts";

/** Less than any block with its redzones. */
const MOST_HEADER_BYTES = 16;

export const NO_MISTAKES: readonly Mistake[] = [];

const CURES = {
  write: "Look at the code that writes near there: its length, its index, or a pointer that it keeps for too long.",
  free: "Free each block once, with the pointer that alloc or realloc returned last.",
  claim: "Pass the size and alignment that the block was allocated, or last resized, with.",
  leak: "Free them, or let what allocated them do it when it is closed.",
  stale: "Read the values before, or copy them out; ask for a new block afterwards.",
} as const;

/** Finds damage in the watched memory, mends it so that it is found once, and puts mistakes into words. */
export class Examiner {
  readonly #records: BlockRecords;
  readonly #memory: Memory;
  readonly #subject: string;
  readonly #painted: number;
  readonly #stackDepth: number;

  constructor(records: BlockRecords, memory: Memory, subject: string, settings: Settings) {
    this.#records = records;
    this.#memory = memory;
    this.#subject = subject;
    this.#painted = settings.paintedByteLength;
    this.#stackDepth = settings.stackDepth;
  }

  /** Writes where none may be, around a live block or anywhere in a quarantined one. Mended. */
  damage(record: number): readonly Mistake[] {
    return this.#records.isSound(record, this.#memory) ? NO_MISTAKES : this.#damaged(record);
  }

  /** A block that was given back or resized although it is not live. `record` is what is known of its address, or NONE. */
  badUse(record: number, ptr: number, byteSize: number, align: number, verb: string): Mistake {
    if (record === NONE) return this.#stranger(ptr, byteSize, align, verb);
    const again = this.#records.endedBy(record) === BY_LEASE || this.#records.endedBy(record) === BY_REALLOC || verb !== "freed";
    const kind = again ? staleKind(this.#records.endedBy(record)) : "double-free";
    return this.#mistake(kind, record, `had a block ${verb} after it ${this.#records.event(record)}`, CURES.free, {});
  }

  /** A live block that was given back or resized as one of another size or alignment. */
  wrongClaim(record: number, byteSize: number, align: number, verb: string): Mistake {
    const records = this.#records;
    const size = records.byteSize(record) !== byteSize;
    return this.#mistake(
      size ? "wrong-size" : "wrong-align",
      record,
      `had a block ${verb} as one of another ${size ? "size" : "alignment"}`,
      CURES.claim,
      size ? { claimed: String(byteSize) } : { align: records.align(record), claimed: String(align) },
    );
  }

  /** One mistake for each place that allocated what is live; without stacks, for each size. */
  leaks(live: Iterable<number>): Mistake[] {
    const { allocated } = this.#records;
    const groups = new Map<string, number[]>();
    for (const record of live) {
      const key = allocated[record]?.frames.join("\n") ?? String(this.#records.byteSize(record));
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [record]);
      else group.push(record);
    }
    const found = [...groups.values()].map((group) => {
      const bytes = group.reduce((sum, record) => sum + this.#records.byteSize(record), 0);
      const event = group.length === 1 ? "has a block that was never freed" : "has blocks of one place that were never freed";
      return { bytes, mistake: this.#mistake("leak", group[0], event, CURES.leak, { blocks: group.length, bytes }) };
    });
    return found.sort((a, b) => b.bytes - a.bytes).map(({ mistake }) => mistake);
  }

  /** The use of a view of a block that is gone. */
  staleView(story: BlockStory): Mistake {
    return {
      kind: staleKind(story.endedBy),
      subject: this.#subject,
      event: `had a view used after its block ${story.event}`,
      ptr: story.ptr,
      numbers: { ptr: story.ptr, byteSize: story.byteSize, allocation: story.serial },
      cure: CURES.stale,
      ...this.#stacks(story.allocated, story.ended),
    };
  }

  /** A view of a block that is gone was destroyed. */
  destroyedTwice(story: BlockStory): Mistake {
    const stale = this.staleView(story);
    return {
      ...stale,
      kind: story.endedBy === BY_FREE ? "double-free" : stale.kind,
      event: `had a value destroyed after its block ${story.event}`,
      cure: CURES.free,
    };
  }

  #damaged(record: number): readonly Mistake[] {
    const memory = this.#memory;
    const start = this.#records.base(record);
    const from = this.#records.ptr(record);
    const to = from + this.#records.byteSize(record);
    const end = this.#records.end(record);
    const paintedTo = from + Math.min(to - from, this.#painted);
    const front = memory.u32[start / 4] === record ? firstDamage(memory, start + 4, from, REDZONE) : start;
    const back = firstDamage(memory, to, end, REDZONE);
    if (this.#records.state(record) === LIVE) return this.#outside(record, front, back);
    const painted = firstDamage(memory, from, paintedTo, FREED);
    // Of a large block the last bytes are painted as well: see paintFreed.
    const inside = painted < 0 ? firstDamage(memory, to - ((to - from) & 7), to, FREED) : painted;
    const first = inside >= 0 ? inside : front >= 0 ? front : back;
    const kind = this.#records.endedBy(record) === BY_REALLOC ? "use-after-realloc" : "write-after-free";
    const found = this.#mistake(kind, record, `has a block that was written after it ${this.#records.event(record)}`, CURES.write, {
      atByte: first - from,
      value: hexByte(memory.u8[first]),
    });
    this.#mend(record);
    paintFreed(memory, from, to - from, this.#painted);
    return [found];
  }

  /** Damage to the redzones of a live block. */
  #outside(record: number, front: number, back: number): readonly Mistake[] {
    const { u8 } = this.#memory;
    const end = this.#records.end(record);
    const to = this.#records.ptr(record) + this.#records.byteSize(record);
    // A write that ran on from the block before reached this one's first byte through that one's last: it is that one's mistake.
    const before = front === this.#records.base(record) ? this.#endingAt(front) : NONE;
    if (before !== NONE && u8[this.#records.end(before) - 1] !== REDZONE) {
      const found = this.damage(before);
      return back < 0 ? found : [...found, ...this.damage(record)];
    }
    const found: Mistake[] = [];
    if (front >= 0) {
      const last = lastDamage(this.#memory, this.#records.base(record) + 4, this.#records.ptr(record), REDZONE);
      const nearest = last < 0 ? this.#records.base(record) + 3 : last;
      found.push(
        this.#mistake("underflow", record, "has a block that was written before its beginning", CURES.write, {
          bytesBefore: this.#records.ptr(record) - nearest,
          reach: nearest - front + 1,
          value: hexByte(u8[nearest]),
        }),
      );
    }
    if (back >= 0) {
      const last = lastDamage(this.#memory, back, end, REDZONE);
      found.push(
        this.#mistake("overflow", record, "has a block that was written past its end", CURES.write, {
          bytesPast: back - to + 1,
          reach: last - back + 1,
          value: hexByte(u8[back]),
        }),
      );
      const after = last === end - 1 ? this.#beginningAt(end) : NONE;
      if (after !== NONE && this.#memory.u32[this.#records.base(after) / 4] !== after) this.#mendFront(after);
    }
    this.#mend(record);
    return found;
  }

  /** What is said of a pointer that no record knows. */
  #stranger(ptr: number, byteSize: number, align: number, verb: string): Mistake {
    const around = this.#records.searchAround(ptr);
    if (around === NONE) {
      return {
        kind: "foreign-free",
        subject: this.#subject,
        event: `had something ${verb} that it never allocated`,
        ptr,
        numbers: { ptr: String(ptr), byteSize: String(byteSize), align: String(align) },
        cure: CURES.free,
        ...this.#stacks(undefined, undefined),
      };
    }
    const inside = ptr - this.#records.ptr(around);
    const event = `had a pointer ${verb} that points into a block${this.#records.state(around) === QUARANTINED ? ", which had ended," : ""} and not to its beginning`;
    return this.#mistake("interior-free", around, event, CURES.free, { given: String(ptr), atByte: inside });
  }

  #mistake(
    kind: MistakeKind,
    record: number,
    event: string,
    cure: string,
    numbers: Readonly<Record<string, number | string>>,
  ): Mistake {
    const { allocated, ended } = this.#records;
    return {
      kind,
      subject: this.#subject,
      event,
      ptr: this.#records.ptr(record),
      numbers: {
        ptr: this.#records.ptr(record),
        byteSize: this.#records.byteSize(record),
        allocation: this.#records.serial(record),
        ...numbers,
      },
      cure,
      ...this.#stacks(allocated[record], ended[record]),
    };
  }

  #stacks(allocated: Place | undefined, ended: Place | undefined): Pick<Mistake, "allocated" | "ended" | "here"> {
    const here = this.#stackDepth === 0 ? undefined : new Place(this.#stackDepth);
    return {
      ...(allocated === undefined ? {} : { allocated: allocated.frames }),
      ...(ended === undefined ? {} : { ended: ended.frames }),
      ...(here === undefined ? {} : { here: here.frames }),
    };
  }

  #mend(record: number): void {
    this.#mendFront(record);
    const to = this.#records.ptr(record) + this.#records.byteSize(record);
    paint(this.#memory, to, this.#records.end(record), REDZONE);
  }

  #mendFront(record: number): void {
    this.#memory.u32[this.#records.base(record) / 4] = record;
    paint(this.#memory, this.#records.base(record) + 4, this.#records.ptr(record), REDZONE);
  }

  /** The live block whose redzone ends at `byteOffset` or, where the allocator keeps a header between blocks, shortly before it. */
  #endingAt(byteOffset: number): number {
    const records = this.#records;
    for (let record = 0; record < records.count; record++) {
      const gap = byteOffset - this.#records.end(record);
      if (gap >= 0 && gap <= MOST_HEADER_BYTES && records.state(record) === LIVE) return record;
    }
    return NONE;
  }

  #beginningAt(byteOffset: number): number {
    const records = this.#records;
    for (let record = 0; record < records.count; record++) {
      const gap = records.base(record) - byteOffset;
      if (gap >= 0 && gap <= MOST_HEADER_BYTES && records.state(record) === LIVE) return record;
    }
    return NONE;
  }
}

/** The kind of using what has ended so. */
function staleKind(endedBy: number): MistakeKind {
  if (endedBy === BY_REALLOC) return "use-after-realloc";
  return endedBy === BY_LEASE ? "use-after-reset" : "use-after-free";
}
