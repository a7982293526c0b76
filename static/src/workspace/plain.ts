/** What a program printed as text that can do no harm on a page: escapes, cursor movements and
 * direction marks of a terminal are taken out, as a dumb terminal would show it. */

const ESCAPES = new RegExp(
  [
    "\\x1b\\][^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c|$)?", // titles, links
    "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]?", // colours, the cursor
    "\\x1b[PX^_][^\\x1b\\x9c]*(?:\\x1b\\\\|\\x9c|$)?", // strings for the device
    "\\x1b[ -/]*[0-~]?",
  ].join("|"),
  "g",
);
/** Marks that turn the direction of text, by which a line could read otherwise than it is. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const CONTROLS = /[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]/g;

export function plain(text: string): string {
  const bare = text.replace(ESCAPES, "").replace(DIRECTIONS, "\ufffd").replace(CONTROLS, "");
  return /[\r\b]/.test(bare) ? bare.split("\n").map(overwritten).join("\n") : bare;
}

/** A line in which the cursor went back: what was written last stands there. */
function overwritten(line: string): string {
  if (!/[\r\b]/.test(line)) return line;
  const cells: string[] = [];
  let at = 0;
  for (const char of line) {
    if (char === "\r") at = 0;
    else if (char === "\b") at = Math.max(0, at - 1);
    else cells[at++] = char;
  }
  return cells.join("");
}
