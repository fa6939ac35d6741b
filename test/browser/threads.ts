import { HOMES } from "../conformance/homes.ts";

interface Answer {
  readonly result: string;
  readonly before: number;
}

/** The part of the web's Worker that is used here; the compiler's library here knows no browser. */
declare const Worker: new (
  url: URL,
  options: { readonly type: "module" },
) => {
  onmessage: (event: { readonly data: Answer }) => void;
  onerror: (event: { readonly message: string }) => void;
  postMessage(message: unknown): void;
  terminate(): void;
};

/** What came of sending a ticket of each shared home to a web worker, which waits on it, grows it and writes to it. */
export async function throughWorkers(): Promise<Record<string, unknown>[]> {
  const told: Record<string, unknown>[] = [];
  for (const { title, create } of HOMES.filter(({ shared }) => shared)) {
    using memory = create(65_536, 4 * 65_536);
    const worker = new Worker(new URL("./threads.worker.js", import.meta.url), { type: "module" });
    const answered = new Promise<Answer>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
    worker.postMessage(memory.ticket());
    memory.i32[1] = 41;
    Atomics.store(memory.i32, 0, 1);
    Atomics.notify(memory.i32, 0);
    const { result, before } = await answered;
    worker.terminate();
    const filled = memory.bytes(before, 65_536).every((byte) => byte === 77);
    told.push({ title, awake: result !== "timed-out", sum: memory.i32[2], byteLength: memory.byteLength, filled });
  }
  return told;
}
