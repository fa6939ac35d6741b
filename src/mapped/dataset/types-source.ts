import type { Manifest } from "./manifest.ts";

/** The TypeScript source of a data set's layout: what `offheap types FILE` prints. `name` is that of the exported constant. */
export function typesSource(manifest: Manifest, name: string): string {
  const plain = new Set<string>();
  const fields = manifest.columns.map(({ name: column, type, optional }) => {
    plain.add(type);
    if (optional) plain.add("optional");
    return `  ${/^[A-Za-z_$][\w$]*$/.test(column) ? column : JSON.stringify(column)}: ${optional ? `optional(${type})` : type},`;
  });
  const described = manifest.columns.length;
  const key = manifest.key === null ? "looked up by row number" : `looked up by ${manifest.key}`;
  return [
    `// Columns of ${manifest.source.name}: ${described}, ${key}. Written by \`offheap types\`.`,
    `import { ${[...plain].sort().join(", ")} } from "offheap";`,
    'import type { RowOf } from "offheap/mapped";',
    "",
    `export const ${name} = {`,
    ...fields,
    "};",
    "",
    `export type ${name} = RowOf<typeof ${name}>;`,
    "",
  ].join("\n");
}
