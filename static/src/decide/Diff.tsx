import type { Json } from "../journal/entry";
import { type DiffLine, diffOf } from "./diff";

/** What an edit changes, before it is sent. */
export function Diff({ before, after }: { before: Json; after: Json }) {
  const lines = diffOf(before, after);
  const same = lines.every(({ sign }) => sign === "…");
  return (
    <section className="decide-diff is-long" aria-label="What changes">
      <p className="eyebrow">What changes</p>
      {same ? <p className="quiet">Nothing yet.</p> : <DiffLines lines={lines} />}
    </section>
  );
}

export function DiffLines({ lines }: { lines: DiffLine[] }) {
  return (
    <pre className="diff">
      {lines.map((line, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name of their own
        <Line key={n} line={line} />
      ))}
    </pre>
  );
}

function Line({ line: { sign, text } }: { line: DiffLine }) {
  if (sign === "-") return <del>{`− ${text}\n`}</del>;
  if (sign === "+") return <ins>{`+ ${text}\n`}</ins>;
  return <span>{sign === "…" ? "…\n" : `  ${text}\n`}</span>;
}
