import { fingerprint } from "../../layout/fingerprint.ts";
import { type ColumnEntry, schemaSignature } from "./manifest.ts";

/** 16 hexadecimal digits that tell one schema from another: names, types and order of the columns, and the key. */
export function schemaFingerprint(columns: readonly Pick<ColumnEntry, "name" | "type" | "optional">[], key: string | null): string {
  return fingerprint(schemaSignature(columns, key));
}
