// One cache for all processes of a cluster: what one of them has computed all have at once, and a process that is killed takes none of it along.
//
//   node .build/examples/cache.js [requests]
import cluster from "node:cluster";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text, u32 } from "offheap";
import { openTable } from "offheap/mapped";
import colors from "picocolors";

const PROCESSES = 3;
const PAGES = 200;

if (cluster.isPrimary) await primary(Number(process.argv[2] ?? 3000));
else worker(String(process.env.CACHE_FOLDER));

/** Every process opens the same two files. The pages end by themselves, and there are never more than so many of them. */
function openCache(folder: string) {
  return {
    pages: openTable(join(folder, "pages.tbl"), { key: text, value: text, expiring: true, maxEntries: 10_000 }),
    counts: openTable(join(folder, "counts.tbl"), { key: text, value: u32 }),
  };
}

function worker(folder: string): void {
  const { pages, counts } = openCache(folder);
  const server = createServer((request, response) => {
    const path = String(request.url);
    let page = pages.get(path);
    if (page === undefined) {
      page = render(path);
      pages.set(path, page, { ttlMs: 60_000 });
      counts.add("rendered", 1); // atomic, as all changes are
    }
    counts.add(`answered by ${process.pid}`, 1);
    response.end(page);
  });
  server.listen(Number(process.env.CACHE_PORT), "127.0.0.1");
}

async function primary(requests: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "offheap-cache-"));
  const port = await freePort();
  const start = () => cluster.fork({ CACHE_FOLDER: folder, CACHE_PORT: String(port) });
  const workers = Array.from({ length: PROCESSES }, start);
  await Promise.all(workers.map((one) => once(one, "listening")));
  const { pages, counts } = openCache(folder);

  const expected = new Map(Array.from({ length: PAGES }, (_, page) => [`/page/${page}`, render(`/page/${page}`)]));
  let wrong = 0;
  for (let request = 0; request < requests; request++) {
    if (request === Math.floor(requests / 2)) {
      process.kill(Number(workers[0].process.pid), "SIGKILL");
      await once(workers[0], "exit");
      await once(start(), "listening");
    }
    const path = `/page/${(request * 7919) % PAGES}`;
    if ((await ask(port, path)) !== expected.get(path)) wrong += 1;
  }

  const kept = Array.from({ length: PAGES }, (_, page) => pages.has(`/page/${page}`)).filter(Boolean).length;
  const different = Math.min(PAGES, requests);
  console.log(`${PROCESSES} processes answered ${requests} requests for ${different} pages`);
  for (const [name, count] of [...counts].sort()) console.log(`  ${name.padEnd(20)} ${count} times`);
  console.log(`A Map in each process would have rendered up to ${colors.bold(`${different * (PROCESSES + 1)}`)} times.`);
  console.log(
    `One process was killed with SIGKILL in the middle: ${colors.bold(`${kept} of ${different} pages`)} are there, ${wrong} were wrong.`,
  );

  pages.close();
  counts.close();
  cluster.disconnect();
  rmSync(folder, { recursive: true });
  if (kept !== different || wrong > 0) process.exitCode = 1;
}

/** What is worth to be kept: some milliseconds of work. */
function render(path: string): string {
  let sum = 0;
  for (let step = 0; step < 1_000_000; step++) sum = (sum * 31 + path.charCodeAt(step % path.length)) | 0;
  return `<p>${path} is ${sum}</p>`;
}

/** Again, where the process that should have answered was the one that was killed. */
async function ask(port: number, path: string): Promise<string> {
  for (;;) {
    try {
      return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
