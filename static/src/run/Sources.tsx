import { useState } from "react";
import type { Page } from "./page";

/** A part of the answer and where it comes from, as `GET /runs/<id>/provenance` tells it. */
type Part = {
  path: string;
  text: string;
  match: "exact" | "partial" | "written" | "given";
  share: number;
  action: string | null;
  agent: string;
  edited: boolean;
};

type Props = { page: Page; name: (role: string) => string };

/** Which agent and action each part of the answer was first made by; asked for when opened. */
export function Sources({ page, name }: Props) {
  const [parts, setParts] = useState<Part[] | null>(null);
  const [problem, setProblem] = useState("");
  const fetchParts = async () => {
    setProblem("");
    const response = await fetch(`${page.urls.api}runs/${page.run}/provenance`).catch(() => null);
    if (!response?.ok) return setProblem("It could not be fetched. Close this and open it again.");
    setParts((await response.json()).parts);
  };
  return (
    <details
      className="run-sources"
      onToggle={(event) => event.currentTarget.open && parts === null && void fetchParts()}
    >
      <summary>Where each part comes from</summary>
      {problem && <p className="field-error">{problem}</p>}
      {!parts && !problem && <p className="quiet">Looking…</p>}
      {parts?.length === 0 && <p className="quiet">There is nothing to trace in this answer.</p>}
      {parts && parts.length > 0 && (
        <ol>
          {parts.map((part, n) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: an answer never changes
            <li key={n}>
              <p>
                {part.path && <code>{part.path}</code>} {unmarked(part.text)}
              </p>
              <p className="run-source">
                <Source part={part} audit={page.urls.audit} name={name} />
              </p>
            </li>
          ))}
        </ol>
      )}
    </details>
  );
}

/** Markdown without the marks that its own page shows as bold or as code. */
function unmarked(text: string): string {
  return text.replace(/(\*\*|`)(.+?)\1/g, "$2");
}

type SourceProps = { part: Part; audit: string; name: (role: string) => string };

function Source({ part, audit, name }: SourceProps) {
  if (part.action === null) return <span className="tag">from the task</span>;
  return (
    <>
      <a href={`${audit}${part.action}/?why=1`}>
        <strong>{name(part.agent)}</strong>
      </a>
      <span className="quiet">{wordOf(part)}</span>
    </>
  );
}

function wordOf(part: Part): string {
  if (part.edited) return "edited by a person";
  if (part.match === "exact") return "said it first";
  if (part.match === "partial") return `said ${Math.round(part.share * 100)}% of it`;
  return "in its own words";
}
