import { importRewritten, type Patch } from "./modules.ts";

/** The plays of `<name>.scenario.ts`, rewritten to be explored: as they are, or with defects. */
export async function plays<Module>(name: string, patches: readonly Patch[] = []): Promise<Module> {
  return (await importRewritten(new URL(`./${name}.scenario.js`, import.meta.url), patches)) as Module;
}
