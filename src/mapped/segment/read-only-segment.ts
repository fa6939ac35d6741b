import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { type Palette, PLAIN } from "../dataset/picture.ts";
import { MappedMemory } from "../mapped-memory.ts";
import { checkSame } from "./check-same.ts";
import type { KindReader, SegmentKind } from "./kind.ts";
import { NamedStructures } from "./named-structures.ts";
import { drawSegment } from "./picture.ts";
import { Readers } from "./readers.ts";
import { readRecord, readSurvey, type SegmentSurvey, type StructureSummary } from "./survey.ts";

export interface ReadOnlySegmentParts {
  readonly memory: Memory;
  readonly path: string | undefined;
  readonly reserve: number;
  readonly readers: readonly KindReader[] | undefined;
  /** Lets go of what was opened for it. */
  readonly end: () => void;
}

/**
 * A segment of which nothing is changed: made by `openSegment(path, { mode: "read" })`, also where the process may not write.
 *
 * It takes no seat, so any number of these can be open. What others do is seen at once. While it is open nobody deletes, moves or compacts
 * (`locked`), so what it shows stays what it is. What can be read without storing anything: columns, interners, tables, data sets, broadcasts and roots; other kinds are
 * refused as `read-only`.
 */
export class ReadOnlySegment extends NamedStructures implements Disposable {
  readonly memory: Memory;
  /** The file, if it was opened by its path. */
  readonly path: string | undefined;
  readonly #parts: ReadOnlySegmentParts;
  readonly #open: (() => void)[] = [];

  /** For `openSegment`. */
  constructor(parts: ReadOnlySegmentParts) {
    super();
    this.memory = parts.memory;
    this.path = parts.path;
    this.#parts = parts;
  }

  /** A structure under its name. Throws `invalid-argument` where there is none, `read-only` for a kind that needs to store something, and as `Segment.open`. */
  open<Made>(name: string, kind: SegmentKind<Made>): Made {
    const { memory } = this;
    const found = this.#find(name);
    if (found === undefined) {
      throw new MemoryError("invalid-argument", {
        subject: memory.subject,
        event: `has nothing called ${JSON.stringify(name)}`,
        cure: "Ask `segment.list()` for what there is.",
      });
    }
    const { record, signature } = found;
    checkSame(memory.subject, record, signature, kind);
    if (kind.read === undefined) {
      throw new MemoryError("read-only", {
        subject: `${kind.kind} "${name}" in ${memory.subject}`,
        event: "cannot be used without storing something, and the segment was opened for reading",
        cure: "Open the segment for writing.",
      });
    }
    const lease = memory.openLease(`${kind.kind} "${name}"`, { readOnly: true });
    try {
      const made = kind.read({ name, memory, lease }, record.byteOffset, record.byteLength);
      this.#open.push(() => {
        kind.close(made);
        memory.closeLease(lease, "was closed");
      });
      return made;
    } catch (error) {
      memory.closeLease(lease, "was not opened");
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** What there is: names, kinds, types and bytes, in the order of their making. */
  list(): StructureSummary[] {
    return [...this.inspect().structures];
  }

  /** What is wrong as far as that can be seen without the types of what is in it. An empty list means sound. */
  verify(): string[] {
    return [...this.inspect().problems];
  }

  /** Everything about its pages and names as plain data: for tools. */
  inspect(): SegmentSurvey {
    this.#check();
    return readSurvey(this.memory, new Readers(this.#parts.readers));
  }

  /** A picture of what is in it. */
  draw(palette: Palette = PLAIN): string {
    return drawSegment(this.inspect(), palette);
  }

  /** Ends it, and everything that was opened through it. Closing twice is harmless. */
  close(): void {
    try {
      for (const close of this.#open.splice(0)) if (!this.memory.closed) close();
    } finally {
      this.#parts.end();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #check(): void {
    const { memory } = this;
    memory.checkOpen();
    if (memory instanceof MappedMemory) memory.check();
  }

  #find(name: string) {
    this.#check();
    return readRecord(this.memory, this.#parts.reserve, name);
  }
}
