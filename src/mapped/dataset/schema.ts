import { MemoryError } from "../../core/errors.ts";
import type { Type } from "../../layout/type.ts";
import type { RowSchema } from "./dataset.ts";
import type { ColumnEntry, Manifest } from "./manifest.ts";

/** `u32`, or `u32?` for a column in which values may be missing: how a column's type is told to people. */
export function tellType({ type, optional }: Pick<ColumnEntry, "type" | "optional">): string {
  return optional ? `${type}?` : type;
}

/** Throws `layout-mismatch` with all differences unless the file has every column of `schema` with its type. */
export function checkSchema(schema: RowSchema, manifest: Manifest, subject: string): void {
  const columns = new Map(manifest.columns.map((column) => [column.name, tellType(column)]));
  const differences = Object.entries(schema).flatMap(([name, type]) => {
    const [wanted, found] = [tellSchemaType(type), columns.get(name)];
    if (found === wanted) return [];
    return [found === undefined ? `it has no column "${name}"` : `"${name}" is ${found} in the file and ${wanted} in the program`];
  });
  if (differences.length === 0) return;
  throw new MemoryError("layout-mismatch", {
    subject,
    event: `does not have the rows that the program expects: ${differences.join("; ")}`,
    cure: "Take the layout from the file with `offheap types FILE`, or build it with `--types`.",
  });
}

function tellSchemaType(type: Type & { readonly inner?: Type }): string {
  return type.kind === "optional" && type.inner !== undefined ? `${type.inner.name}?` : type.name;
}
