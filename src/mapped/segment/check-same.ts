import { MemoryError } from "../../core/errors.ts";
import { fingerprint } from "../../layout/fingerprint.ts";
import { signatureDifference } from "../../layout/signature-difference.ts";
import type { StructureRecord } from "./directory.ts";
import type { SegmentKind } from "./kind.ts";

/** Throws `layout-mismatch`, which says in what they differ, and `unsupported-format` unless the name stands for what was asked for. `signature` is that of the record, if it is known. `memory` is the subject of the segment's. */
export function checkSame(
  memory: string,
  record: StructureRecord,
  signature: string | undefined,
  asked: SegmentKind<unknown>,
): void {
  const { name, kind, format, fingerprint: found, type } = record;
  const subject = `${kind} "${name}" in ${memory}`;
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
  const isComparable = kind === asked.kind && signature !== undefined;
  const difference = isComparable ? signatureDifference(signature, asked.signature) : undefined;
  throw new MemoryError("layout-mismatch", {
    subject,
    event: `is the name of ${tell(kind, type)}, and was opened as ${tell(asked.kind, asked.typeName)}${difference === undefined ? "" : `: ${difference}`}`,
    numbers: { fingerprint: found, expected: fingerprint(asked.signature) },
    cure: "Open it with the types that it was made with, or delete it and make it anew.",
  });
}
