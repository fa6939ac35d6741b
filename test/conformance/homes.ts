import { privateMemory, sharedMemory, wasmMemory } from "../../src/core/homes.ts";
import type { Home as HomeName, Memory } from "../../src/core/memory.ts";

/** A way to make a memory. Every structure's suite runs in every one of them. */
export interface Home {
  readonly title: string;
  readonly home: HomeName;
  /** Whether a ticket of it can be posted to a worker thread. */
  readonly shared: boolean;
  /** A memory of `byteLength` bytes (rounded up to whole pages in WebAssembly) that can grow to `maxByteLength`. The caller closes it. */
  create(byteLength: number, maxByteLength?: number): Memory;
}

/** The part of the WebAssembly API that makes a memory; the compiler's library here has no host types. */
declare const WebAssembly: {
  readonly Memory: new (options: {
    initial: number;
    maximum: number;
    shared?: boolean;
  }) => { readonly buffer: ArrayBufferLike; grow(pages: number): number };
};

const pages = (byteLength: number): number => Math.max(1, Math.ceil(byteLength / 65_536));

/** Every home that this process can make. Mapped ones are there in Node, where the platform has them. */
export const HOMES: readonly Home[] = [
  {
    title: "private memory",
    home: "private",
    shared: false,
    create: (byteLength, maxByteLength = byteLength) => privateMemory(byteLength, { maxByteLength }),
  },
  {
    title: "shared memory",
    home: "shared",
    shared: true,
    create: (byteLength, maxByteLength = byteLength) => sharedMemory(byteLength, { maxByteLength }),
  },
  {
    title: "unshared WebAssembly memory",
    home: "wasm",
    shared: false,
    create: (byteLength, maxByteLength = byteLength) => {
      const memory = new WebAssembly.Memory({ initial: pages(byteLength), maximum: pages(maxByteLength) });
      return wasmMemory(memory, { maxByteLength: pages(maxByteLength) * 65_536 });
    },
  },
  {
    title: "shared WebAssembly memory",
    home: "wasm",
    shared: true,
    create: (byteLength, maxByteLength = byteLength) => {
      const memory = new WebAssembly.Memory({ initial: pages(byteLength), maximum: pages(maxByteLength), shared: true });
      return wasmMemory(memory, { maxByteLength: pages(maxByteLength) * 65_536 });
    },
  },
  ...(await mappedHomes()),
];

async function mappedHomes(): Promise<Home[]> {
  // Imported only where it can be: these suites run in browsers too.
  if (!("process" in globalThis)) return [];
  const { isMappingSupported, mapAnonymous, mapFile } = await import("../../src/mapped/index.ts");
  if (!isMappingSupported()) return [];
  const { mkdtempSync, rmSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  return [
    {
      title: "anonymous mapped memory",
      home: "mapped",
      shared: true,
      create: (byteLength, maxByteLength = byteLength) => mapAnonymous(byteLength, { maxByteLength }),
    },
    {
      title: "a mapped file",
      home: "mapped",
      shared: true,
      create: (byteLength, maxByteLength = byteLength) => {
        const folder = mkdtempSync(join(tmpdir(), "offheap-test-"));
        try {
          return mapFile(join(folder, "memory"), { mode: "readWrite", create: true, byteLength, maxByteLength });
        } finally {
          // The mapping keeps the file; its name is needed no longer. Windows removes no file that is mapped.
          const remove = (): void => rmSync(folder, { recursive: true, force: true });
          if (process.platform === "win32") process.once("exit", remove);
          else remove();
        }
      },
    },
  ];
}
