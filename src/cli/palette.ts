import colors from "picocolors";

/** Colours for what a person reads on a terminal; plain text for a pipe or a file, also on machines that force colours on their logs. */
export function paletteFor(stream: { readonly isTTY?: boolean }) {
  return colors.createColors(stream.isTTY === true && process.env.NO_COLOR === undefined);
}
