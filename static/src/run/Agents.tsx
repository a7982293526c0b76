import { useState } from "react";
import { count, duration, money } from "../journal/format";
import { parseMoney } from "../journal/money";
import type { Page } from "./page";

/** How an agent did, as `GET /runs/<id>/analysis` tells it, the slowest first. */
type Report = {
  agent: string;
  calls: number;
  succeeded: number;
  failed: number;
  mean_s: number;
  p95_s: number;
  tokens: number;
  cost_usd: string;
};
type Analysis = {
  agents: Report[];
  messages: { sent: number; read: number; refused: number; dropped: number };
};

type Props = { page: Page; name: (role: string) => string };

/** How the agents of a run that has ended did; asked for when opened. */
export function Agents({ page, name }: Props) {
  const [found, setFound] = useState<Analysis | null>(null);
  const [problem, setProblem] = useState("");
  const fetchAnalysis = async () => {
    setProblem("");
    const response = await fetch(`${page.urls.api}runs/${page.run}/analysis`).catch(() => null);
    if (!response?.ok) return setProblem("It could not be fetched. Close this and open it again.");
    setFound(await response.json());
  };
  return (
    <details
      className="run-sources"
      onToggle={(event) => event.currentTarget.open && found === null && void fetchAnalysis()}
    >
      <summary>How the agents did</summary>
      {problem && <p className="field-error">{problem}</p>}
      {!found && !problem && <p className="quiet">Looking…</p>}
      {found && (
        <ol>
          {found.agents.map((report, n) => (
            <li key={report.agent}>
              <p>
                <strong>{name(report.agent)}</strong>
                {n === 0 && found.agents.length > 1 && <span className="quiet"> the slowest</span>}
              </p>
              <p className="run-source">{figures(report).join(" · ")}</p>
            </li>
          ))}
        </ol>
      )}
      {found && found.messages.sent > 0 && <Messages messages={found.messages} />}
    </details>
  );
}

function Messages({ messages }: { messages: Analysis["messages"] }) {
  const { sent, read, refused, dropped } = messages;
  return (
    <p className="run-source">
      Messages: {sent} sent · {read} read · {refused} refused · {dropped} dropped
    </p>
  );
}

function figures(report: Report): string[] {
  const { calls, succeeded, failed, mean_s, p95_s, tokens, cost_usd } = report;
  return [
    `${calls} ${calls === 1 ? "call" : "calls"}`,
    `${succeeded} succeeded`,
    `${failed} failed`,
    ...(succeeded + failed
      ? [`mean ${duration(mean_s * 1000)}`, `95% within ${duration(p95_s * 1000)}`]
      : []),
    `${count(tokens)} tokens`,
    money(parseMoney(cost_usd)),
  ];
}
