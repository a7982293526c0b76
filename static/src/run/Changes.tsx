import type { Change } from "../workspace/commands";
import { bytes } from "../workspace/files";

const MARKS = { added: "+", modified: "~", removed: "−" };
const WORDS = { added: "Added", modified: "Changed", removed: "Removed" };
const SHOWN = 12;

/** The files that a command changed. */
export function Changes({ changes, more }: { changes: readonly Change[]; more: number }) {
  const rest = changes.length - SHOWN + more;
  return (
    <ul className="run-changes" aria-label="Files changed">
      {changes.slice(0, SHOWN).map((one) => (
        <li key={one.path} data-change={one.change}>
          <span aria-hidden="true">{MARKS[one.change]}</span>
          <span className="sr-only">{WORDS[one.change]}</span>
          <span className="run-path">{one.path}</span>
          {one.change !== "removed" && <span className="quiet num">{bytes(one.size)}</span>}
        </li>
      ))}
      {rest > 0 && <li className="quiet">and {rest} more</li>}
    </ul>
  );
}
