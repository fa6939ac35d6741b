import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { Participant } from "../../core/participant.ts";
import { seatIn, tokenIn } from "../../core/seat-token.ts";
import { fingerprint } from "../../layout/fingerprint.ts";
import { checkSame } from "./check-same.ts";
import { compactSegment } from "./compact.ts";
import { checkKind, checkName, MAKING, READY, type StructureRecord, shortened } from "./directory.ts";
import type { Presence } from "./join.ts";
import type { SegmentKind, StructureHome } from "./kind.ts";
import { checkReach } from "./orphans.ts";
import { SegmentAllocator } from "./segment-allocator.ts";
import type { SegmentCore } from "./segment-core.ts";
import { SEGMENT_ITSELF } from "./segment-layout.ts";
import { SegmentRoster } from "./segment-roster.ts";

/** A structure that this participant has open. */
interface OpenStructure {
  readonly id: number;
  readonly lease: Lease;
  readonly close: () => void;
  readonly check: () => string[];
}

/** The structures of a segment, as one participant makes, finds and deletes them. */
export class Structures {
  readonly #core: SegmentCore;
  readonly #participant: Participant;
  readonly #presence: Presence | undefined;
  readonly #roster: SegmentRoster;
  readonly #open: OpenStructure[] = [];

  constructor(core: SegmentCore, participant: Participant, presence: Presence | undefined) {
    this.#core = core;
    this.#participant = participant;
    this.#presence = presence;
    this.#roster = new SegmentRoster(core.memory, core.seats, () => this.recoverDead());
  }

  /** See `Segment.open`. */
  open<Made>(name: string, kind: SegmentKind<Made>): Made {
    checkName(this.#core.subject, name);
    checkKind(kind.kind);
    const core = this.#core;
    // What is there is opened outside of the lock: opening may wait for others, who may be waiting for the lock.
    const found = core.exclusive(() => {
      const record = core.directory.find(name);
      if (record === undefined) return this.#make(name, kind);
      checkSame(core.memory.subject, record, core.directory.signatureOf(record.index), kind);
      checkReach(core, record);
      this.#use(record);
      return record;
    });
    return isRecord(found) ? this.#attach(found, kind) : found.made;
  }

  rename(name: string, newName: string): void {
    const core = this.#core;
    checkName(core.subject, newName);
    core.exclusive(() => {
      const record = core.directory.find(name);
      if (record === undefined) this.#throwMissing(name);
      if (name === newName) return;
      if (core.directory.find(newName) !== undefined) {
        throw new MemoryError("invalid-argument", {
          subject: core.subject,
          event: `has something else called "${newName}"`,
          cure: "Choose another name, or delete that first.",
        });
      }
      core.directory.write({ ...record, name: newName });
      core.log.commit();
    });
  }

  delete(name: string): boolean {
    const core = this.#core;
    return this.#withoutReaders(() => {
      const record = core.directory.find(name);
      if (record === undefined) return false;
      this.#refuseWhileOpen(record);
      this.#closeAll(({ id }) => id === record.id);
      core.eraseStructure(record.index);
      return true;
    });
  }

  /** See `Segment.compact`. */
  compact(save: (sinks?: boolean) => void): number {
    const core = this.#core;
    this.recoverDead();
    return this.#withoutReaders(() => {
      const isUsed = (record: StructureRecord): boolean =>
        this.#open.some(({ id }) => id === record.id) || this.#userOf(record) !== undefined;
      return compactSegment(core, isUsed, save);
    });
  }

  #withoutReaders<Result>(work: () => Result): Result {
    // With the lock held, so that those who want it alone never meet each other.
    return this.#core.exclusive(() => (this.#presence === undefined ? work() : this.#presence.withoutReaders(work)));
  }

  recoverDead(): number {
    const { seats } = this.#core;
    return seats.deadSeats().filter((seat) => seats.recover(seat, (dead) => this.#core.settle(dead))).length;
  }

  /** Invariants of what is open here. */
  check(): string[] {
    return this.#open.flatMap(({ check }) => check());
  }

  /** Closes what is open here, and leaves nothing that is held. */
  close(): void {
    this.#closeAll(() => true);
    this.#core.exclusive(() => this.#core.settle(this.#core.seats.seat));
  }

  #make<Made>(name: string, kind: SegmentKind<Made>): { readonly made: Made } {
    const core = this.#core;
    const { directory, extents, log } = core;
    if (!extents.growTable(directory.table, 1) || directory.vacant >= SEGMENT_ITSELF - 1) core.throwFull(1);
    const record: StructureRecord = {
      index: directory.vacant,
      state: MAKING,
      id: core.takeId(),
      name,
      kind: kind.kind,
      format: kind.format,
      fingerprint: fingerprint(kind.signature),
      type: shortened(kind.typeName),
      byteOffset: 0,
      byteLength: 0,
    };
    directory.setSignature(record.index, kind.signature);
    directory.write(record);
    this.#clearUsers(record.index);
    log.commit();
    const home = this.#homeOf(record, kind);
    try {
      const { made, byteOffset, byteLength } = kind.create(home);
      directory.write({ ...record, state: READY, byteOffset, byteLength });
      log.commit();
      this.#use(record);
      this.#remember(record, kind, home.lease, made);
      return { made };
    } catch (error) {
      log.discard();
      core.memory.closeLease(home.lease, "was not made");
      core.eraseStructure(record.index);
      throw error;
    }
  }

  #attach<Made>(record: StructureRecord, kind: SegmentKind<Made>): Made {
    const home = this.#homeOf(record, kind);
    try {
      const made = kind.attach(home, record.byteOffset, record.byteLength);
      this.#remember(record, kind, home.lease, made);
      return made;
    } catch (error) {
      this.#core.memory.closeLease(home.lease, "was not opened");
      this.#letGo(record);
      throw error;
    }
  }

  #homeOf({ index, name }: StructureRecord, { kind }: SegmentKind<unknown>): StructureHome {
    const core = this.#core;
    const { memory } = core;
    const lease = memory.openLease(`${kind} "${name}"`);
    const allocator = new SegmentAllocator(core, index + 1, lease);
    const claimWriting = (): void => this.#claimWriting(index, name);
    return { name, memory, allocator, lease, participant: this.#participant, roster: this.#roster, claimWriting };
  }

  #remember<Made>({ id }: StructureRecord, kind: SegmentKind<Made>, lease: Lease, made: Made): void {
    this.#open.push({ id, lease, close: () => kind.close(made), check: () => kind.check(made) });
  }

  /** From now on nobody deletes it. Needs the lock. */
  #use({ index }: StructureRecord): void {
    const { directory, memory, seats } = this.#core;
    const { word, bit } = directory.openerBit(index, seats.seat);
    Atomics.or(memory.i32, word, bit);
  }

  /** Unless it is open here in another way. */
  #letGo({ id, index }: StructureRecord): void {
    if (this.#open.some((structure) => structure.id === id)) return;
    this.#core.exclusive(() => this.#core.strikeOut(index, this.#core.seats.seat));
  }

  #closeAll(which: (structure: OpenStructure) => boolean): void {
    for (const structure of [...this.#open]) {
      if (!which(structure)) continue;
      this.#open.splice(this.#open.indexOf(structure), 1);
      structure.close();
      this.#core.memory.closeLease(structure.lease, "was deleted or closed");
    }
  }

  #claimWriting(index: number, name: string): void {
    const { directory, memory, seats } = this.#core;
    const word = directory.writerWord(index);
    const writer = tokenIn(Atomics.load(memory.i32, word));
    if (writer !== 0 && !seats.isGone(writer)) {
      throw new MemoryError("locked", {
        subject: this.#core.subject,
        event: `has another writer for "${name}" already`,
        numbers: { ...seats.holderOf(seatIn(writer)) },
        cure: "Open it for reading, `{ write: false }`, or let the other close it first.",
      });
    }
    Atomics.store(memory.i32, word, seats.token);
  }

  #clearUsers(index: number): void {
    const { directory, log } = this.#core;
    for (const word of directory.userWords(index)) log.set(word, 0);
  }

  /** The seat of another participant that has it open. */
  #userOf({ index }: StructureRecord): number | undefined {
    const { directory, memory, seats } = this.#core;
    return seats.others().find((seat) => {
      const { word, bit } = directory.openerBit(index, seat);
      return (Atomics.load(memory.i32, word) & bit) !== 0;
    });
  }

  #refuseWhileOpen(record: StructureRecord): void {
    const { seats } = this.#core;
    const { name } = record;
    if (this.#userOf(record) !== undefined) this.recoverDead();
    const user = this.#userOf(record);
    if (user === undefined) return;
    throw new MemoryError("locked", {
      subject: this.#core.subject,
      event: `cannot delete "${name}", which another participant has open`,
      numbers: { seat: user, identity: seats.holderOf(user)?.identity },
      cure: "Close the segment there first.",
    });
  }

  #throwMissing(name: string): never {
    throw new MemoryError("invalid-argument", {
      subject: this.#core.subject,
      event: `has nothing called ${JSON.stringify(name)}`,
      cure: "Ask `segment.list()` for what there is.",
    });
  }
}

function isRecord(found: StructureRecord | { readonly made: unknown }): found is StructureRecord {
  return "state" in found && !("made" in found);
}
