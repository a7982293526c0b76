import type { Json } from "../../graph/document";
import { differences } from "../model/differences";

/** What differs between two documents, place by place, each under what it is called. */
export function Differences({ mine, theirs, words }: Props) {
  const found = differences(mine, theirs);
  if (found.length === 0) return <p className="hint">Nothing: both are the same.</p>;
  return (
    <dl className="ed-differences">
      {found.map(({ path, mine: here, theirs: there }) => (
        <div key={path}>
          <dt>
            <code>{path}</code>
          </dt>
          <dd>
            <span className="hint">{words[0]}</span> {here ?? <em>not there</em>}
          </dd>
          <dd>
            <span className="hint">{words[1]}</span> {there ?? <em>not there</em>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

type Props = { mine: Json; theirs: Json; words: readonly [string, string] };
