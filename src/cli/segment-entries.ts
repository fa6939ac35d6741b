import { MemoryError } from "../core/errors.ts";
import { typeOfSignature } from "../layout/parse-signature.ts";
import { StructType } from "../layout/struct.ts";
import type { Type } from "../layout/type.ts";
import type { ExportFormat, RowRange } from "../mapped/dataset/export.ts";
import { openSegment } from "../mapped/segment/open-segment.ts";
import type { ReadOnlySegment } from "../mapped/segment/read-only-segment.ts";
import type { StructureSummary } from "../mapped/segment/survey.ts";
import { type Entries, jsonOf, numberOf, onlyNdjson, RowEntries, StringEntries, TableEntries } from "./entry-kinds.ts";

/**
 * What is called `name` in the segment at `path`, with the types that the segment has kept. Others may use it meanwhile. Throws what opening it throws, and `invalid-argument` when
 * there is no such thing, or it is none that can be read.
 */
export function entriesInSegment(path: string, name: string | undefined): Entries {
  const segment = openSegment(path, { mode: "read" });
  try {
    const structures = segment.list();
    const found = structures.find((structure) => structure.name === name);
    if (found === undefined) return throwNothing(path, name, structures);
    return entriesOfStructure(segment, found, `"${found.name}" in ${path}`);
  } catch (error) {
    segment.close();
    throw error;
  }
}

function entriesOfStructure(
  segment: ReadOnlySegment,
  { name, kind, signature = "", byteOffset }: StructureSummary,
  subject: string,
): Entries {
  const end = (): void => segment.close();
  if (kind === "interner") return new StringEntries(subject, segment.interner(name), end);
  if (kind === "dataset") return new RowEntries(segment.dataset(name), end);
  if (kind === "table") {
    const at = signature.indexOf("=>");
    const [key, value] = [typeOf(subject, signature.slice(0, at)), typeOf(subject, signature.slice(at + 2))];
    return new TableEntries(subject, segment.table<unknown, unknown, never>(name, { key, value }), key, end);
  }
  if (kind === "columns") {
    const type = typeOf(subject, signature);
    if (type instanceof StructType) {
      const rows = segment.columns(name, type);
      return new NumberedEntries(
        subject,
        () => rows.size,
        (index) => ({ ...rows.get(index) }),
        end,
      );
    }
  }
  if (kind === "root") {
    const type = typeOf(subject, signature);
    return new NumberedEntries(
      subject,
      () => 1,
      () => type.rawRead(segment.memory, byteOffset),
      end,
    );
  }
  throw new MemoryError("invalid-argument", {
    subject,
    event: `is of a kind that cannot be read without taking part in the segment: ${kind}`,
    cure: "Open the segment from a program.",
  });
}

function typeOf(subject: string, signature: string): Type<unknown, never> {
  const type = typeOfSignature(signature);
  if (type !== undefined) return type;
  throw new MemoryError("unsupported-format", {
    subject,
    event:
      signature === ""
        ? "is of types that were too long to be kept"
        : `holds ${signature}, which this version of offheap cannot show`,
    cure: "Open it with its types, from a program.",
  });
}

function throwNothing(path: string, name: string | undefined, structures: readonly StructureSummary[]): never {
  const there = structures.map((structure) => structure.name).join(", ");
  throw new MemoryError("invalid-argument", {
    subject: path,
    event: name === undefined ? "is a segment, which holds many things" : `has nothing called ${JSON.stringify(name)}`,
    cure: there === "" ? "It is empty." : `Pass --in with one of: ${there}.`,
  });
}

/** Values by their number, from 0. */
class NumberedEntries implements Entries {
  readonly #subject: string;
  readonly #size: () => number;
  readonly #at: (index: number) => unknown;
  readonly #end: () => void;

  constructor(subject: string, size: () => number, at: (index: number) => unknown, end: () => void) {
    this.#subject = subject;
    this.#size = size;
    this.#at = at;
    this.#end = end;
  }

  told(keyText: string): string {
    return `row with the number ${keyText}`;
  }

  get(keyText: string): string | undefined {
    const index = Number(numberOf(keyText, false, "rows are looked up by their number"));
    return Number.isInteger(index) && index >= 0 && index < this.#size() ? `${jsonOf(this.#at(index))}\n` : undefined;
  }

  *export(format: ExportFormat, range: RowRange): Iterable<string> {
    onlyNdjson(this.#subject, "values", format);
    const end = Math.min(this.#size(), range.count ?? Number.POSITIVE_INFINITY);
    for (let index = 0; index < end; index++) yield `${jsonOf(this.#at(index))}\n`;
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}
