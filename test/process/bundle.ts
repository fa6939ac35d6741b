import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";

import { createRequire } from "node:module";
import { join, posix } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Script } from "node:vm";
import { type Comment, type ImportDeclaration, type ModuleDeclaration, type Node, parse, type Statement } from "acorn";

const BUILD = fileURLToPath(new URL("../../", import.meta.url));
const PREFIX = "bundle-";

/**
 * The compiled library as one script, for processes that live for milliseconds: it starts them in a third of the time that some two hundred modules take. Made
 * once for each compilation.
 *
 * `const load = require(bundlePath())` hands out its modules by their paths: `load("mapped/map-file")`. Each is evaluated when it is first asked for, so what a
 * test replaces of Node's own modules before that is what they see.
 */
export function bundlePath(): string {
  const compiled = `${PREFIX}${statSync(join(BUILD, ".stamp")).mtimeMs}-`;
  // The code that is kept is of one version of the engine.
  const name = `${compiled}${process.version}`;
  const path = join(BUILD, `${name}.cjs`);
  if (existsSync(path)) return path;
  for (const other of readdirSync(BUILD)) {
    if (other.startsWith(PREFIX) && !other.startsWith(compiled)) rmSync(join(BUILD, other), { force: true });
  }
  // Of one byte a character, which is read in a tenth of the time.
  const text = bundle().replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const script = new Script(text, { filename: `${name}.js` });
  const made: { exports?: (path: string) => object } = {};
  script.runInThisContext()(createRequire(import.meta.url), made);
  // Asked for all exports, so that all modules are evaluated, and what that compiles is kept too.
  for (const path of ["mapped/index", "concurrent/index"]) Object.values(made.exports?.(path) ?? {});
  put(join(BUILD, `${name}.js`), text);
  put(join(BUILD, `${name}.code`), script.createCachedData());
  put(path, loader(name));
  return path;
}

/** Several test processes may be making it. */
function put(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
}

function loader(name: string): string {
  return `const fs = require("node:fs"), { Script } = require("node:vm"), path = __dirname + "/${name}";
const script = new Script(fs.readFileSync(path + ".js", "latin1"), { filename: "${name}.js", cachedData: fs.readFileSync(path + ".code") });
script.runInThisContext()(require, module);
`;
}

/** What processes do that are killed, as modules beside those of the library: `load("../test/process/ring-life")`. */
const LIVES = ["../test/process/lock-work.js", "../test/process/ring-life.js"];

function bundle(): string {
  const sources = join(BUILD, "src");
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).map((path) => path.replaceAll("\\", "/"));
  const modules = [...files, ...LIVES]
    // The command awaits at its top level.
    .filter((path) => path.endsWith(".js") && !path.startsWith("cli/"))
    .map((path) => moduleText(path, withoutComments(readFileSync(join(sources, path), "utf8"))));
  return `(function (require, module) {
"use strict";
const $makers = {}, $made = {};
const $load = (path) => {
  if (!(path in $made)) { $made[path] = {}; $makers[path]($made[path]); }
  return $made[path];
};
const $all = (to, from) => { for (const name of Object.keys(from)) Object.defineProperty(to, name, { enumerable: true, get: () => from[name] }); };
${modules.join("\n")}
module.exports = $load;
})`;
}

function withoutComments(source: string): string {
  const comments: Comment[] = [];
  parse(source, { ecmaVersion: "latest", sourceType: "module", onComment: comments });
  let text = "";
  let at = 0;
  for (const { start, end } of comments) {
    text += source.slice(at, start);
    at = end;
  }
  return text + source.slice(at);
}

/** A module as a function that fills its exports. Imports are constants: this library has no cycles of modules, and no exports that change. */
function moduleText(path: string, source: string): string {
  const name = path.replace(/\.js$/, "");
  const { body } = parse(source, { ecmaVersion: "latest", sourceType: "module" });
  const load = (specifier: unknown): string => {
    const from = String(specifier);
    if (!from.startsWith(".")) return `require(${JSON.stringify(from)})`;
    const path = posix.join(posix.dirname(name), from).replace(/\.js$/, "");
    return `$load(${JSON.stringify(path.replace(/^\.\.\/src\//, ""))})`;
  };
  const exported: string[] = [];
  const text = body.map((node) => statementText(node, source, load, exported));
  const url = pathToFileURL(join(BUILD, "src", path)).href;
  return `$makers[${JSON.stringify(name)}] = ($exports) => {\n${exported.join("\n")}\n${text.join("\n")}\n};`.replaceAll(
    "import.meta.url",
    JSON.stringify(url),
  );
}

function statementText(
  node: Statement | ModuleDeclaration,
  source: string,
  load: (specifier: unknown) => string,
  exported: string[],
): string {
  const offer = (name: string, value: string): void => {
    exported.push(`Object.defineProperty($exports, ${JSON.stringify(name)}, { enumerable: true, get: () => ${value} });`);
  };
  const text = ({ start, end }: Node): string => source.slice(start, end);
  if (node.type === "ImportDeclaration") return importText(node, load);
  if (node.type === "ExportAllDeclaration") return `$all($exports, ${load(node.source.value)});`;
  if (node.type === "ExportDefaultDeclaration") throw new Error("the library has no default exports");
  if (node.type !== "ExportNamedDeclaration") return text(node);
  const { declaration, source: from, specifiers } = node;
  for (const { local, exported: as } of specifiers) offer(text(as), from ? `${load(from.value)}.${text(local)}` : text(local));
  if (!declaration) return "";
  if (declaration.type === "VariableDeclaration") for (const { id } of declaration.declarations) offer(text(id), text(id));
  else offer(text(declaration.id), text(declaration.id));
  return text(declaration);
}

function importText({ specifiers, source }: ImportDeclaration, load: (specifier: unknown) => string): string {
  const from = load(source.value);
  if (specifiers.length === 0) return `${from};`;
  return specifiers
    .map((specifier) => {
      if (specifier.type === "ImportNamespaceSpecifier") return `const ${specifier.local.name} = ${from};`;
      if (specifier.type === "ImportDefaultSpecifier") return `const ${specifier.local.name} = ${from};`;
      const imported = specifier.imported.type === "Identifier" ? specifier.imported.name : String(specifier.imported.value);
      return `const { ${imported}: ${specifier.local.name} } = ${from};`;
    })
    .join(" ");
}
