// What `npm test` prints where nobody watches: a line per file, every failure in full, what was skipped and why, Node's own totals.
import { relative, resolve } from "node:path";
import { inspect } from "node:util";

const folder = resolve(".build", "test");
const indent = (text) => text.replace(/^/gm, "    ");

export default async function* report(events) {
  /** By file and reason: the names of the tests. */
  const skipped = new Map();
  for await (const { type, data } of events) {
    const file = data.file === undefined ? "" : relative(folder, resolve(data.file)).replace(/\.test\.js$/, "");
    if (type === "test:fail") {
      const { error } = data.details;
      // A parent that fails because of its children, and a file because of its tests, have nothing of their own to tell.
      if (error?.failureType !== "subtestsFailed") {
        yield `not ok  ${file}: ${data.name} (line ${data.line})\n${indent(inspect(error?.cause ?? error))}\n`;
      }
    } else if (type === "test:pass" && data.skip !== undefined && data.skip !== false) {
      const key = `${file}: ${data.skip === true || data.skip === "" ? "no reason given" : data.skip}`;
      skipped.set(key, [...(skipped.get(key) ?? []), data.name]);
    } else if (type === "test:complete" && data.nesting === 0 && resolve(data.name) === resolve(data.file ?? "")) {
      if (data.details.passed) yield `ok      ${file} (${Math.round(data.details.duration_ms)} ms)\n`;
      else yield `FAILED  ${file}\n`;
    } else if (type === "test:stdout" || type === "test:stderr") {
      yield data.message;
    } else if (type === "test:diagnostic") {
      if (/^tests \d+$/.test(data.message)) yield* told(skipped);
      yield `# ${data.message}\n`;
    }
  }
}

function* told(skipped) {
  for (const [reason, names] of skipped) {
    if (reason.endsWith("does not match pattern")) continue;
    yield `skipped ${reason}\n`;
    for (const name of names.slice(0, 5)) yield `        ${name}\n`;
    if (names.length > 5) yield `        and ${names.length - 5} more\n`;
  }
}
