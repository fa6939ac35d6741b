import type { Allocator } from "../../alloc/allocator.ts";
import type { Roster } from "../../concurrent/locks/roster.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";

/** Where a structure of a segment lives, and who opens it. */
export interface StructureHome {
  readonly name: string;
  readonly memory: Memory;
  /** Blocks of whole pages that belong to the structure: they go when it is deleted. */
  readonly allocator: Allocator;
  /** For views: ends when the structure is deleted here, and with the segment. */
  readonly lease: Lease;
  /** Who this is, and who else is alive: for structures that have seats of their own. */
  readonly participant: Participant;
  /** The segment's own seats, for locks. What a kind stores of them must be let go by `forget` of its reader. */
  readonly roster: Roster;
  /** Becomes the one who may write; throws `locked` while another is. For kinds with one writer. */
  claimWriting(): void;
}

/** What there is for those who only read. */
export type ReadingHome = Pick<StructureHome, "name" | "memory" | "lease">;

/** A structure that was just made, and its first block: the one that everything else of it is reached from. */
export interface MadeStructure<Made> {
  readonly made: Made;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/**
 * What a segment must know of a kind of structure to keep structures of it under names. One object stands for one kind and its types: "a pool of Particle".
 */
export interface SegmentKind<Made> {
  /** The name of the kind in files: small letters and hyphens, at most 16. */
  readonly kind: string;
  /** The version of its bytes. */
  readonly format: number;
  /** Canonical text of all that decides how its bytes lie; files hold its fingerprint. */
  readonly signature: string;
  /** Of what it is, for people: `Particle`. */
  readonly typeName: string;
  /** Makes it. Everything must be in place when this returns: then it gets its name. When it throws, the segment frees all that it took. */
  create(home: StructureHome): MadeStructure<Made>;
  /** Opens it. Throws what opening finds wrong. */
  attach(home: StructureHome, byteOffset: number, byteLength: number): Made;
  /** Opens it in a segment that is open for reading: stores nothing. Missing where that cannot be. */
  read?(home: ReadingHome, byteOffset: number, byteLength: number): Made;
  /** Ends this participant's use. Called once, unless the memory is closed already. */
  close(made: Made): void;
  /** What contradicts its invariants, while nobody else is at work. */
  check(made: Made): string[];
}

/** A block of pages that a structure reaches. */
export interface ReachedBlock {
  readonly ptr: number;
  readonly byteSize: number;
}

/** Where the blocks of a structure have been copied to. What they were copied from stays as it is. */
export interface Relocation {
  /** Where its first block lies, and where the copy of that does. */
  readonly from: number;
  readonly to: number;
  /** Where what lies there is in the copy. Throws `corrupt` for what lies in none of its blocks. */
  placeOf(byteOffset: number): number;
}

/** What can be told of a structure without its types, by its first block alone. One for each kind that this version knows. */
export interface KindReader {
  readonly kind: string;
  readonly format: number;
  /** All blocks that are reached, the first one among them. What is not reached is freed when nobody uses the segment. Throws `corrupt` when it cannot be told. */
  blocks(memory: Memory, byteOffset: number, byteLength: number): Iterable<ReachedBlock>;
  /**
   * Whether it can lie elsewhere, as it is now: nothing that programs keep of it tells where it is, and what in it does can be changed. Asked while nobody uses it.
   * Missing where it never can.
   */
  canMove?(memory: Memory, byteOffset: number, fingerprint: string): boolean;
  /** Its blocks have been copied: makes the copies one structure. Missing where nothing in it tells where it is. Throws `corrupt` when it cannot be told. */
  relocate?(memory: Memory, relocation: Relocation): void;
  /**
   * Lets go of what dead participants have held of it by the segment's seats. Called when nobody uses the segment, and again when that is interrupted. What it
   * has seats of its own for it need not.
   */
  forget?(memory: Memory, byteOffset: number, byteLength: number): void;
  /** What is wrong with its own header. */
  check(memory: Memory, byteOffset: number, byteLength: number, fingerprint: string): string[];
}
