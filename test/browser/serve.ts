import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { ROOT } from "../package/tree.ts";

/** What may be asked for. The page itself is `/page` and, with a policy that forbids code generation, `/strict-page`. */
const SERVED = ["/.build/", "/node_modules/fast-check/lib/", "/node_modules/pure-rand/lib/esm/"];

const NONCE = "suite";
const STRICT_POLICY = `default-src 'self'; script-src 'self' 'nonce-${NONCE}' 'wasm-unsafe-eval'`;

const IMPORTS = {
  "node:test": "/.build/test/browser/node-test.js",
  "node:assert": "/.build/test/browser/node-assert.js",
  "node:assert/strict": "/.build/test/browser/node-assert.js",
  "fast-check": "/node_modules/fast-check/lib/fast-check.js",
  "pure-rand/": "/node_modules/pure-rand/lib/esm/",
};

const PAGE = `<!doctype html><meta charset="utf-8"><title>offheap</title>
<script type="importmap" nonce="${NONCE}">${JSON.stringify({ imports: IMPORTS })}</script>`;

export interface Site {
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves the compiled tests on localhost with the headers that a page needs to have SharedArrayBuffer. */
export async function serve(): Promise<Site> {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    const headers: Record<string, string> = {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
      // For one run of the browser, which begins with an empty cache.
      "Cache-Control": "max-age=3600",
    };
    if (path === "/strict-page") headers["Content-Security-Policy"] = STRICT_POLICY;
    if (path === "/favicon.ico") {
      response.writeHead(204, headers).end();
      return;
    }
    if (path === "/page" || path === "/strict-page") {
      response.writeHead(200, { ...headers, "Content-Type": "text/html" }).end(PAGE);
      return;
    }
    // Packages import each other's files without the ending.
    const file = extname(path) === "" ? `${path}.js` : path;
    const content = SERVED.some((folder) => path.startsWith(folder))
      ? await readFile(join(ROOT, file)).catch(() => undefined)
      : undefined;
    if (content === undefined) response.writeHead(404, headers).end();
    else
      response
        .writeHead(200, { ...headers, "Content-Type": file.endsWith(".js") ? "text/javascript" : "application/json" })
        .end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
