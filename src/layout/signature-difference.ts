/** A field as its struct's signature tells it. */
interface FieldText {
  readonly type: string;
  readonly byteOffset: string;
}

interface StructText {
  readonly fields: ReadonlyMap<string, FieldText>;
  /** `16/8`: size and alignment. */
  readonly layout: string;
}

const OPENING = "{[(";
const CLOSING = "}])";

/**
 * In words, the first thing in which two signatures of layouts differ: `y is f64 at byte 8 there, and f32 at byte 8 here`. "There" is `found`, as in a file, "here" is `asked`, as
 * the program has it. Undefined when they are the same.
 */
export function signatureDifference(found: string, asked: string): string | undefined {
  if (found === asked) return undefined;
  const [there, here] = [splitTop(found, "=>"), splitTop(asked, "=>")];
  if (there.length === 2 && here.length === 2) {
    return difference("the key", there[0], here[0]) ?? difference("the value", there[1], here[1]);
  }
  return difference("", found, asked);
}

function difference(path: string, found: string, asked: string): string | undefined {
  if (found === asked) return undefined;
  const [there, here] = [structOf(found), structOf(asked)];
  if (there === undefined || here === undefined) return `${path === "" ? "it" : path} is ${found} there, and ${asked} here`;
  const pathOf = (name: string): string => (path === "" ? name : `${path}.${name}`);
  for (const [name, field] of there.fields) {
    const other = here.fields.get(name);
    if (other === undefined) return `there is ${pathOf(name)}, ${told(field)}, and not here`;
    const deeper = structOf(field.type) && structOf(other.type) ? difference(pathOf(name), field.type, other.type) : undefined;
    if (deeper !== undefined) return deeper;
    if (told(field) !== told(other)) return `${pathOf(name)} is ${told(field)} there, and ${told(other)} here`;
  }
  for (const [name, field] of here.fields) {
    if (!there.fields.has(name)) return `here is ${pathOf(name)}, ${told(field)}, and not there`;
  }
  if (there.layout === here.layout) return `the fields of ${path === "" ? "it" : path} are in another order`;
  return `${path === "" ? "it" : path} is laid out as ${there.layout} there, and as ${here.layout} here`;
}

function told({ type, byteOffset }: FieldText): string {
  return `${type} at byte ${byteOffset}`;
}

/** `{x:f64@0,y:f64@8}#16/8`; undefined for what is no struct. */
function structOf(signature: string): StructText | undefined {
  const end = signature.lastIndexOf("}#");
  if (!signature.startsWith("{") || end < 0) return undefined;
  const fields = new Map<string, FieldText>();
  for (const field of splitTop(signature.slice(1, end), ",")) {
    const [name, ...rest] = splitTop(field, ":");
    const placed = rest.join(":");
    const at = placed.lastIndexOf("@");
    if (at >= 0) fields.set(name, { type: placed.slice(0, at), byteOffset: placed.slice(at + 1) });
  }
  return { fields, layout: signature.slice(end + 2) };
}

/** The parts of a text between separators that are in no bracket and no quotation. */
function splitTop(text: string, separator: string): string[] {
  const parts: string[] = [];
  let [start, depth, isQuoted] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isQuoted && character === "\\") at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (OPENING.includes(character)) depth += 1;
    else if (CLOSING.includes(character)) depth -= 1;
    else if (depth === 0 && text.startsWith(separator, at)) {
      parts.push(text.slice(start, at));
      start = at + separator.length;
      at = start - 1;
    }
  }
  return [...parts, text.slice(start)];
}
