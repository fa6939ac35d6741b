import { assertFails, type Bounds, explore } from "./explorer.ts";
import { importRewritten, type Patch } from "./modules.ts";
import type { Play } from "./run.ts";

/** The plays of `<name>.scenario.ts`, rewritten to be explored: as they are, or with defects. */
export async function plays<Module>(name: string, patches: readonly Patch[] = []): Promise<Module> {
  return (await importRewritten(new URL(`./${name}.scenario.js`, import.meta.url), patches)) as Module;
}

/** What asserts that an exploration of a play of `<name>.scenario.ts` finds a defect in a module of a folder of `src`. */
export function defects<Module extends Record<keyof Module, Play>>(name: string, folder: string, usual: Bounds) {
  return async (module: string, from: string, to: string, play: keyof Module, bounds: Bounds = usual): Promise<void> => {
    const patched = await plays<Module>(name, [{ module: `${folder}/${module}`, from, to }]);
    assertFails(explore(patched[play], bounds));
  };
}
