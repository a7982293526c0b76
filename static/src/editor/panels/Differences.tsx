import { DiffLines } from "../../decide/Diff";
import { diffOf } from "../../decide/diff";
import type { Json } from "../../graph/document";
import { type Difference, differences, isLong } from "../model/differences";

/** What differs between two documents, place by place, each under what it is called. */
export function Differences({ mine, theirs, words }: Props) {
  const found = differences(mine, theirs);
  if (found.length === 0) return <p className="hint">Nothing: both are the same.</p>;
  return (
    <dl className="ed-differences">
      {found.map((one) => (
        <div key={one.path}>
          <dt>
            <code>{one.path}</code>
          </dt>
          <Sides one={one} words={words} />
        </div>
      ))}
    </dl>
  );
}

/** Long texts line by line, so that the words that differ are seen; others side by side. */
function Sides({ one: { mine, theirs }, words }: { one: Difference; words: Words }) {
  if (mine !== null && theirs !== null && (isLong(mine) || isLong(theirs))) {
    return (
      <dd>
        <span className="hint">{`− ${words[1]}, + ${words[0]}`}</span>
        <DiffLines lines={diffOf(theirs, mine)} />
      </dd>
    );
  }
  return (
    <>
      <dd>
        <span className="hint">{words[0]}</span> {mine ?? <em>not there</em>}
      </dd>
      <dd>
        <span className="hint">{words[1]}</span> {theirs ?? <em>not there</em>}
      </dd>
    </>
  );
}

type Words = readonly [string, string];
type Props = { mine: Json; theirs: Json; words: Words };
