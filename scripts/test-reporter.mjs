// What `npm test` prints where nobody watches: a line per file, every failure and every skipped test in full, Node's own totals.
import { relative, resolve } from "node:path";
import { inspect } from "node:util";

const folder = resolve(".build", "test");
const indent = (text) => text.replace(/^/gm, "    ");

export default async function* report(events) {
  for await (const { type, data } of events) {
    const file = data.file === undefined ? "" : relative(folder, resolve(data.file)).replace(/\.test\.js$/, "");
    if (type === "test:fail") {
      const { error } = data.details;
      // A parent that fails because of its children, and a file because of its tests, have nothing of their own to tell.
      if (error?.failureType !== "subtestsFailed") {
        yield `not ok  ${file}: ${data.name} (line ${data.line})\n${indent(inspect(error?.cause ?? error))}\n`;
      }
    } else if (type === "test:pass" && typeof data.skip === "string" && !/^$|does not match pattern/.test(data.skip)) {
      yield `skipped ${file}: ${data.name}: ${data.skip}\n`;
    } else if (type === "test:complete" && data.nesting === 0 && resolve(data.name) === resolve(data.file ?? "")) {
      if (data.details.passed) yield `ok      ${file} (${Math.round(data.details.duration_ms)} ms)\n`;
      else yield `FAILED  ${file}\n`;
    } else if (type === "test:stdout" || type === "test:stderr") {
      yield data.message;
    } else if (type === "test:diagnostic") {
      yield `# ${data.message}\n`;
    }
  }
}
