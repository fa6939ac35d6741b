/** Under this name `console.log` of Node, Deno and Bun asks an object how it wants to be shown; what comes back is shown in its place. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/** A structure in one line: `<pool of Particle, size 3>`. Never throws. */
export function shown(subject: string, structure: { readonly size: number }): string {
  try {
    return `<${subject}, size ${structure.size}>`;
  } catch {
    return `<${subject}, closed>`;
  }
}
