import {
  type AnyNode,
  type AssignmentProperty,
  type Expression,
  type Function as FunctionNode,
  type MethodDefinition,
  type Property,
  parse,
} from "acorn";

type Member = MethodDefinition | Property | AssignmentProperty;

/**
 * Rewrites a compiled module so that it can be stopped before each of its accesses to memory.
 *
 * Every function, method and arrow becomes a pair: a generator that yields before each access and goes through what it calls with `yield*`, and
 * a function of the old name that runs that generator to its end. Code that was rewritten calls the generator; constructors, accessors, async functions
 * and the callbacks of built-in methods call the function, and so run in one go. What is read by `a[b]`, written by `a[b] = c`, or passed to `Atomics` or
 * to a method of a typed array goes through the runtime, which sees whether it is shared memory.
 *
 *     acquire(a) { return Atomics.load(this.#i32, a); }
 *
 *     acquire(...$args) { return $.drain(this.acquire$gen(...$args)); }
 *     *acquire$gen(a) { return (yield* $.atomics("load", this.#i32, a)); }
 *
 * Not followed: accesses in default values of parameters, in optional chains and in methods with computed names, which run in one go as well.
 */
export function toSteps(source: string, runtimeUrl: string): string {
  const program = parse(source, { ecmaVersion: "latest", sourceType: "module" });
  const rewriter = new Rewriter(source);
  const body = rewriter.emit(program, false);
  return `import * as $ from ${JSON.stringify(runtimeUrl)};\n${rewriter.marks.join("\n")}\n${body}`;
}

class Rewriter {
  readonly marks: string[] = [];
  readonly #source: string;
  /** Names of private methods that have a generator, of the classes around. */
  readonly #privates: Set<string>[] = [];
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  emit(node: AnyNode, stepping: boolean): string {
    switch (node.type) {
      case "ClassBody": {
        const methods = node.body.filter((member) => member.type === "MethodDefinition" && member.key.type === "PrivateIdentifier");
        this.#privates.push(
          new Set(methods.flatMap((member) => (member.type === "MethodDefinition" && isPaired(member) ? [nameOf(member)] : []))),
        );
        const body = this.#stitch(node, false);
        this.#privates.pop();
        return body;
      }
      case "MethodDefinition":
        return isPaired(node) ? this.#method(node, node.static ? "static " : "", " ") : this.#asItIs(node);
      case "Property":
        if (isPaired(node)) return this.#method(node, "", ", ");
        return node.method || node.kind !== "init" ? this.#asItIs(node) : this.#stitch(node, stepping);
      case "UnaryExpression":
        return this.#stitch(node, stepping && node.operator !== "delete");
      case "ExportNamedDeclaration":
        if (node.declaration?.type === "FunctionDeclaration" && isSync(node.declaration)) {
          return this.#declaration(node.declaration, "export ");
        }
        return this.#stitch(node, stepping);
      case "FunctionDeclaration":
        return isSync(node) ? this.#declaration(node, "") : this.#stitch(node, false);
      case "FunctionExpression":
        return isSync(node) ? `$.pair(function* ${this.#parts(node)})` : this.#stitch(node, false);
      case "ArrowFunctionExpression":
        return node.async ? this.#stitch(node, false) : `$.arrow(this, function* ${this.#parts(node)})`;
      case "PropertyDefinition":
      case "StaticBlock":
      case "ChainExpression":
        return this.#stitch(node, false);
      case "CallExpression":
        return this.#call(node, stepping);
      default:
        return stepping ? this.#access(node) : this.#stitch(node, false);
    }
  }

  #access(node: AnyNode): string {
    switch (node.type) {
      case "MemberExpression":
        return isIndexed(node) ? `(yield* $.read(${this.#both(node)}))` : this.#stitch(node, true);
      case "AssignmentExpression": {
        if (!isIndexed(node.left)) return this.#stitch(node, true);
        const value = this.emit(node.right, true);
        if (node.operator === "=") return `(yield* $.write(${this.#both(node.left)}, ${value}))`;
        return `(yield* $.update(${this.#both(node.left)}, ($a, $b) => $a ${node.operator.slice(0, -1)} $b, ${value}, true))`;
      }
      case "UpdateExpression": {
        if (!isIndexed(node.argument)) return this.#stitch(node, true);
        const change = `($a) => $a ${node.operator === "++" ? "+" : "-"} 1`;
        return `(yield* $.update(${this.#both(node.argument)}, ${change}, undefined, ${node.prefix}))`;
      }
      default:
        return this.#stitch(node, true);
    }
  }

  #call(node: AnyNode & { type: "CallExpression" }, stepping: boolean): string {
    const { callee } = node;
    const text = this.#source.slice(callee.start, callee.end);
    if (text === "performance.now" || text === "Date.now") return "$.now()";
    if (text === "Math.random") return "$.random()";
    if (!stepping || callee.type === "Super" || node.optional) return this.#stitch(node, stepping);
    const args = node.arguments.map((argument) => this.emit(argument, true));
    if (callee.type !== "MemberExpression") return `(yield* $.call(${[this.emit(callee, true), ...args].join(", ")}))`;
    const { object, property } = callee;
    if (object.type === "Identifier" && object.name === "Atomics" && property.type === "Identifier") {
      return `(yield* $.atomics(${[JSON.stringify(property.name), ...args].join(", ")}))`;
    }
    if (object.type === "Super") {
      return `(${text}$gen === undefined ? ${text}(${args.join(", ")}) : yield* ${text}$gen(${args.join(", ")}))`;
    }
    const on = this.emit(object, true);
    if (property.type === "PrivateIdentifier") {
      if (this.#privates.some((names) => names.has(property.name)))
        return `(yield* ${on}.#${property.name}$gen(${args.join(", ")}))`;
      return `(yield* $.call(${[`${on}.#${property.name}`, ...args].join(", ")}))`;
    }
    const name = this.#source.slice(property.start, property.end);
    const names = callee.computed ? [this.emit(property, true), '""'] : [JSON.stringify(name), JSON.stringify(`${name}$gen`)];
    return `(yield* $.method(${[on, ...names, ...args].join(", ")}))`;
  }

  #method(node: Member, before: string, between: string): string {
    const { value } = node;
    if (value.type !== "FunctionExpression") throw new Error("a method without a function");
    const name = `${node.key.type === "PrivateIdentifier" ? "#" : ""}${nameOf(node)}`;
    const plain = `${before}${name}(...$args) { return $.drain(this.${name}$gen(...$args)); }`;
    return `${plain}${between}${before}*${name}$gen${this.#parts(value)}`;
  }

  /** A constructor, an accessor, a method with a computed name: it runs in one go. */
  #asItIs(node: Member): string {
    return this.#source.slice(node.start, node.value.start) + this.#stitch(node.value, false);
  }

  #declaration(node: FunctionNode, before: string): string {
    const name = node.id?.name;
    if (name === undefined) throw new Error("a function without a name");
    const mark = `$.mark(${name}, ${name}$gen);`;
    if (this.#depth === 0) this.marks.push(mark);
    const pair = `function* ${name}$gen${this.#parts(node)}\n${before}function ${name}(...$args) { return $.drain(${name}$gen.apply(this, $args)); }`;
    return this.#depth === 0 ? pair : `${pair}\n${mark}`;
  }

  /** Parameters and body of a function. */
  #parts(node: FunctionNode): string {
    this.#depth += 1;
    const parameters = node.params.map((parameter) => this.emit(parameter, false)).join(", ");
    const body = node.body.type === "BlockStatement" ? this.emit(node.body, true) : `{ return (${this.emit(node.body, true)}); }`;
    this.#depth -= 1;
    return `(${parameters}) ${body}`;
  }

  /** Object and index of `a[b]`. */
  #both(node: AnyNode & { type: "MemberExpression" }): string {
    return `${this.emit(node.object, true)}, ${this.emit(node.property, true)}`;
  }

  /** The node as it was, with what is in it rewritten. */
  #stitch(node: AnyNode, stepping: boolean): string {
    let text = "";
    let at = node.start;
    for (const child of childrenOf(node)) {
      // `{ a }` is one place for key and value.
      if (child.start < at) continue;
      text += this.#source.slice(at, child.start) + this.emit(child, stepping);
      at = child.end;
    }
    return text + this.#source.slice(at, node.end);
  }
}

function childrenOf(node: AnyNode): AnyNode[] {
  const shorthand = node.type === "Property" && node.shorthand;
  return Object.entries(node)
    .flatMap(([key, value]): unknown[] => (shorthand && key === "key" ? [] : Array.isArray(value) ? value : [value]))
    .filter(isNode)
    .sort((a, b) => a.start - b.start);
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function isIndexed(node: AnyNode): node is AnyNode & { type: "MemberExpression"; object: Expression } {
  return node.type === "MemberExpression" && node.computed && node.object.type !== "Super";
}

function isSync(node: FunctionNode): boolean {
  return !node.async && !node.generator;
}

function isPaired(node: Member): boolean {
  const { value } = node;
  const isMethod = node.type === "MethodDefinition" ? node.kind === "method" : node.kind === "init" && node.method;
  const named = !node.computed && (node.key.type === "Identifier" || node.key.type === "PrivateIdentifier");
  return isMethod && named && value.type === "FunctionExpression" && isSync(value);
}

function nameOf(node: Member): string {
  return node.key.type === "Identifier" || node.key.type === "PrivateIdentifier" ? node.key.name : "";
}
