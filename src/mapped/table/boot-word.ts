import { layoutWord } from "../../layout/fingerprint.ts";
import { bootId } from "../boot-id.ts";
import type { FileIdentity } from "../file-identity.ts";

/**
 * A word for this file on this run of the machine. While a table's word is this one, everything that was stored is in the page cache, whatever has
 * become of who stored it. After a power failure, and of a copy of the file, the word is another.
 */
export function bootWord({ device, inode }: FileIdentity): number {
  return layoutWord(`${bootId()}:${device}:${inode}`) | 0;
}
