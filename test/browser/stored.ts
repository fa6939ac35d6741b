import { bump } from "../../src/alloc/bump.ts";
import { Columns, columns } from "../../src/collections/columns/columns.ts";
import { sharedMemory } from "../../src/core/homes.ts";
import { loadStored, type StoredFile, saveStored } from "../../src/core/stored-file.ts";
import { u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { utf8 } from "../../src/layout/utf8.ts";

/** What is used of a `FileSystemDirectoryHandle`. */
interface StoredFolder {
  getFileHandle(name: string, options?: { readonly create: boolean }): Promise<StoredFile>;
}

declare const navigator: { readonly storage: { getDirectory(): Promise<StoredFolder> } };

/** What the page tells of a memory that it has saved to a file of its own and loaded again. */
export async function throughFiles(): Promise<Readonly<Record<string, number | string>>> {
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle("memory", { create: true });
  using memory = sharedMemory(9_000_000);
  const Country = struct("Country", { id: u32, name: utf8(12) });
  const rows = columns(Country, { allocator: bump(memory), capacity: 10 });
  for (const [id, name] of ["Andorra", "Liechtenstei", "Malta"].entries()) rows.append({ id, name });
  memory.u8.set([255, 254, 1], 8_999_997);
  await saveStored(memory, handle);
  using loaded = await loadStored(handle);
  const found = Columns.attach(loaded, rows.byteOffset, Country);
  const missing = await folder.getFileHandle("missing").then(
    () => "found",
    (error: Error) => error.name,
  );
  return {
    size: (await handle.getFile()).size,
    byteLength: loaded.byteLength,
    sum: (loaded.u8[8_999_997] + loaded.u8[8_999_998] + loaded.u8[8_999_999]) & 255,
    records: found.size,
    name: found.get(2).name,
    missing,
  };
}
