export type { Ticket } from "../core/ticket.ts";
export { AtomicFile, publishFile } from "./atomic-file.ts";
export { attach } from "./attach.ts";
export { mapAnonymous } from "./map-anonymous.ts";
export { type MapFileOptions, type MapMode, mapFile } from "./map-file.ts";
export { type MapScratchOptions, mapScratch } from "./map-scratch.ts";
export { MappedWindow, type MapWindowOptions, mapWindow } from "./map-window.ts";
export { type Advice, MappedMemory } from "./mapped-memory.ts";
export { isMappingSupported } from "./supported.ts";
