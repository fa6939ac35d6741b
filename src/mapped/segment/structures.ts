import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { Participant } from "../../core/participant.ts";
import type { SeatToken } from "../../core/seat-token.ts";
import { fingerprint } from "../../layout/fingerprint.ts";
import { checkKind, checkName, MAKING, READY, type StructureRecord, shortened } from "./directory.ts";
import type { SegmentKind, StructureHome } from "./kind.ts";
import { checkReach } from "./orphans.ts";
import { SegmentAllocator } from "./segment-allocator.ts";
import type { SegmentCore } from "./segment-core.ts";
import { SEGMENT_ITSELF } from "./segment-layout.ts";

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
  readonly #open: OpenStructure[] = [];

  constructor(core: SegmentCore, participant: Participant) {
    this.#core = core;
    this.#participant = participant;
  }

  /** See `Segment.open`. */
  open<Made>(name: string, kind: SegmentKind<Made>): Made {
    checkName(this.#core.subject, name);
    checkKind(kind.kind);
    return this.#core.exclusive(() => {
      const found = this.#core.directory.find(name);
      return found === undefined ? this.#make(name, kind) : this.#attach(found, kind);
    });
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
    return core.exclusive(() => {
      const record = core.directory.find(name);
      if (record === undefined) return false;
      this.#refuseWhileOpen(record);
      this.#closeAll(({ id }) => id === record.id);
      core.eraseStructure(record.index);
      return true;
    });
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

  #make<Made>(name: string, kind: SegmentKind<Made>): Made {
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
    directory.write(record);
    this.#clearUsers(record.index);
    log.commit();
    const home = this.#homeOf(record, kind);
    try {
      const { made, byteOffset, byteLength } = kind.create(home);
      directory.write({ ...record, state: READY, byteOffset, byteLength });
      log.commit();
      this.#remember(record, kind, home.lease, made);
      return made;
    } catch (error) {
      log.discard();
      core.memory.closeLease(home.lease, "was not made");
      core.eraseStructure(record.index);
      throw error;
    }
  }

  #attach<Made>(record: StructureRecord, kind: SegmentKind<Made>): Made {
    this.#checkSame(record, kind);
    checkReach(this.#core, record);
    const home = this.#homeOf(record, kind);
    try {
      const made = kind.attach(home, record.byteOffset);
      this.#remember(record, kind, home.lease, made);
      return made;
    } catch (error) {
      this.#core.memory.closeLease(home.lease, "was not opened");
      throw error;
    }
  }

  #homeOf({ index, name }: StructureRecord, { kind }: SegmentKind<unknown>): StructureHome {
    const core = this.#core;
    const { memory } = core;
    const lease = memory.openLease(`${kind} "${name}"`);
    const allocator = new SegmentAllocator(core, index + 1, lease);
    return { name, memory, allocator, lease, participant: this.#participant, claimWriting: () => this.#claimWriting(index, name) };
  }

  #remember<Made>({ id, index }: StructureRecord, kind: SegmentKind<Made>, lease: Lease, made: Made): void {
    const { directory, memory, seats } = this.#core;
    const { word, bit } = directory.openerBit(index, seats.seat);
    Atomics.or(memory.i32, word, bit);
    this.#open.push({ id, lease, close: () => kind.close(made), check: () => kind.check(made) });
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
    const writer = Atomics.load(memory.i32, word) as SeatToken;
    if (writer !== 0 && !seats.isGone(writer)) {
      throw new MemoryError("locked", {
        subject: this.#core.subject,
        event: `has another writer for "${name}" already`,
        numbers: { ...seats.holderOf(writer & 1023) },
        cure: "Open it for reading, `{ write: false }`, or let the other close it first.",
      });
    }
    Atomics.store(memory.i32, word, seats.token);
  }

  #clearUsers(index: number): void {
    const { directory, log } = this.#core;
    const { word } = directory.openerBit(index, 1);
    for (let at = directory.writerWord(index); at <= word + 1; at++) log.set(at, 0);
  }

  #checkSame({ name, kind, format, fingerprint: found, type }: StructureRecord, asked: SegmentKind<unknown>): void {
    const subject = `${kind} "${name}" in ${this.#core.memory.subject}`;
    if (kind === asked.kind && format !== asked.format) {
      throw new MemoryError("unsupported-format", {
        subject,
        event: "was made by another version of offheap",
        numbers: { format, known: asked.format },
        cure: "Use that version, or delete it and make it anew.",
      });
    }
    if (kind === asked.kind && found === fingerprint(asked.signature)) return;
    const tell = (what: string, of: string): string => (of === "" ? what : `${what} of ${of}`);
    throw new MemoryError("layout-mismatch", {
      subject,
      event: `is the name of ${tell(kind, type)}, and was opened as ${tell(asked.kind, asked.typeName)}`,
      numbers: { fingerprint: found, expected: fingerprint(asked.signature) },
      cure: "Open it with the types that it was made with, or delete it and make it anew.",
    });
  }

  #refuseWhileOpen({ index, name }: StructureRecord): void {
    const { directory, memory, seats } = this.#core;
    const isUser = (seat: number): boolean => {
      const { word, bit } = directory.openerBit(index, seat);
      return (Atomics.load(memory.i32, word) & bit) !== 0;
    };
    if (seats.deadSeats().some(isUser)) this.recoverDead();
    const user = seats.others().find(isUser);
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
