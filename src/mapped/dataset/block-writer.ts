import { crc32 } from "node:zlib";
import { alignUp } from "../../core/align.ts";
import type { AtomicFile } from "../atomic-file.ts";
import { BLOCK_ALIGN, encodeHeader, HEADER_BYTES } from "./format.ts";
import type { Block, Manifest } from "./manifest.ts";

/**
 * Writes the blocks of a data-set file one after the other, each aligned and with its checksum, then manifest and header.
 * Nothing of it has a name until the file is committed.
 */
export class BlockWriter {
  readonly #file: AtomicFile;
  #end = HEADER_BYTES;
  #start = 0;
  #checksum = 0;

  constructor(file: AtomicFile) {
    this.#file = file;
  }

  get byteLength(): number {
    return this.#end;
  }

  /** Begins a block at the next aligned offset. The bytes skipped are never written, and so are zeros. */
  begin(): void {
    this.#start = this.#end = alignUp(this.#end, BLOCK_ALIGN);
    this.#checksum = 0;
  }

  /** Appends to the block that was begun. */
  write(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#checksum = crc32(bytes, this.#checksum);
    this.#file.write(bytes, this.#end);
    this.#end += bytes.byteLength;
  }

  /** Ends the block that was begun and tells where it is. */
  end(): Block {
    return { byteOffset: this.#start, byteLength: this.#end - this.#start, checksum: this.#checksum };
  }

  /** A whole block at once. */
  block(bytes: Uint8Array): Block {
    this.begin();
    this.write(bytes);
    return this.end();
  }

  /** Writes the manifest behind the blocks, and the header before them. */
  finish(manifest: Manifest, fingerprint: string): void {
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    const { byteOffset, byteLength, checksum } = this.block(bytes);
    const header = {
      fileByteLength: this.#end,
      manifestByteOffset: byteOffset,
      manifestByteLength: byteLength,
      manifestChecksum: checksum,
    };
    this.#file.write(encodeHeader({ ...header, fingerprint }), 0);
  }
}
