import { attach } from "../../src/core/homes.ts";
import type { Ticket } from "../../src/core/ticket.ts";

/** The part of a worker's scope that is used here; the compiler's library here knows no browser. */
declare const self: {
  onmessage: (event: { readonly data: Ticket }) => void;
  postMessage(message: { readonly result: string; readonly before: number }): void;
};

/** The other thread of `threads.ts`: waits on word 0 of the memory, adds 1 to word 1 into word 2, and grows by a page. */
self.onmessage = ({ data }) => {
  const memory = attach(data);
  const result = Atomics.wait(memory.i32, 0, 0, 10_000);
  const before = memory.byteLength;
  memory.grow(before + 65_536);
  memory.bytes(before, 65_536).fill(77);
  memory.i32[2] = memory.i32[1] + 1;
  self.postMessage({ result, before });
  memory.close();
};
