/** The terminal as rows, so that only those in sight need be drawn. */

import type { Change, Command } from "./commands";
import { plain } from "./plain";
import type { Piece } from "./printed";

export type TerminalRow =
  | { kind: "line"; key: string; command: Command }
  | { kind: "text"; key: string; stream: string; text: string }
  | { kind: "changes"; key: string; changes: Change[]; more: number }
  | { kind: "end"; key: string; command: Command };

const LINES = 40;
const LONGEST_LINE = 2_000;

/** `live` gives what a command that has not ended has printed. */
export function terminalRows(
  commands: readonly Command[],
  live: (action: string) => readonly Piece[],
): TerminalRow[] {
  const rows: TerminalRow[] = [];
  for (const command of commands) {
    const id = command.action.id;
    rows.push({ kind: "line", key: `${id}-line`, command });
    const pieces = command.action.ended_at
      ? [
          { stream: "stdout", text: command.stdout },
          { stream: "stderr", text: command.stderr },
        ]
      : live(id);
    let n = 0;
    for (const { stream, text } of joined(pieces)) {
      for (const chunk of command.action.ended_at ? shown(text) : chunks(plain(text))) {
        rows.push({ kind: "text", key: `${id}-${n++}`, stream, text: chunk });
      }
    }
    if (command.changes.length > 0) {
      const { changes, more } = command;
      rows.push({ kind: "changes", key: `${id}-changes`, changes, more });
    }
    if (command.ending) rows.push({ kind: "end", key: `${id}-end`, command });
  }
  return rows;
}

/** One piece for all that came to a stream without a break, so that no line is torn. */
function joined(pieces: readonly Piece[]): Piece[] {
  const found: Piece[] = [];
  for (const { stream, text } of pieces) {
    const last = found.at(-1);
    if (last?.stream === stream) last.text += text;
    else found.push({ stream, text });
  }
  return found;
}

const KEPT = 500;
const known = new Map<string, string[]>();

/** The chunks of a text; those of what commands have printed are asked for again and again. */
function shown(text: string): string[] {
  let found = known.get(text);
  if (!found) {
    if (known.size >= KEPT) known.clear();
    found = chunks(plain(text));
    known.set(text, found);
  }
  return found;
}

/** Text in pieces of some lines each; a line that nobody would read to its end is cut. */
export function chunks(text: string): string[] {
  const trimmed = text.replace(/\n+$/, "");
  if (trimmed === "") return [];
  const lines = trimmed
    .split("\n")
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line));
  const found: string[] = [];
  for (let n = 0; n < lines.length; n += LINES) found.push(lines.slice(n, n + LINES).join("\n"));
  return found;
}
