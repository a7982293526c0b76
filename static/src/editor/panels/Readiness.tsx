import { useEffect, useState } from "react";
import { type Check, type Forecast, type Readiness, readinessGet } from "../../api/readiness";
import { Icon } from "../../graph/icons";
import type { Problem } from "../../graph/problems";
import { useEditor } from "../store/editor";
import { useSession } from "../store/session";
import { Entry, goTo } from "./ProblemsBar";

const SETTLED_MS = 400;

/** What a run needs, what it costs, and how the crew stands by the checklists. */
export function ReadinessPart({ found }: { found: Readiness }) {
  const lacking = found.needs.filter((check) => check.state !== "ok");
  return (
    <div className="ed-ready">
      {found.forecast && <Cost forecast={found.forecast} />}
      {lacking.length > 0 && (
        <div className="notice" data-status="waiting">
          <Icon name="warning" />
          <div>
            <strong>{found.ready ? "Before a run" : "Models cannot be called yet"}</strong>
            <ul className="ed-lacking">
              {lacking.map((check) => (
                <li key={`${check.name} ${check.detail}`}>{check.detail}</li>
              ))}
            </ul>
            {!found.ready && <a href="/settings/models/">Models in the settings</a>}
          </div>
        </div>
      )}
      <Checklist title="For production" checks={found.production} />
      <Checklist title="For several agents" checks={found.team_of_agents}>
        {found.advice.map((problem) => (
          <li key={problem.path + problem.message}>
            <Entry problem={problem} />
          </li>
        ))}
      </Checklist>
    </div>
  );
}

function Cost({ forecast }: { forecast: Forecast }) {
  const { worst, dominant, unpriced } = forecast;
  return (
    <div className="ed-cost">
      <p>
        <strong className="figure">{dollars(forecast.expected)}</strong> expected
        {worst === null ? ", without an upper bound" : ", "}
        {worst !== null && (
          <>
            <strong className="figure">{dollars(worst)}</strong> at most
          </>
        )}
      </p>
      <p className="hint">
        Expected by {forecast.basis}
        {dominant && `; most of it is ${dominant}`}.{" "}
        {worst === null
          ? "Set a limit of money or tokens for the crew."
          : `The bound is ${forecast.bounded_by}.`}
        {unpriced.length > 0 && ` Without a known price: ${unpriced.join(", ")}.`}
      </p>
      {forecast.roles.length > 1 && <Shares forecast={forecast} />}
    </div>
  );
}

/** Each role's part of what is expected, the dearest first. */
function Shares({ forecast }: { forecast: Forecast }) {
  const total = Number(forecast.expected);
  if (total === 0) return null;
  const roles = [...forecast.roles].sort((a, b) => Number(b.expected) - Number(a.expected));
  return (
    <ul className="ed-shares">
      {roles.slice(0, 6).map(({ role, model, expected }) => (
        <li key={role} title={model} data-dominant={role === forecast.dominant || undefined}>
          <span>{role}</span>
          <meter min={0} max={total} value={Number(expected)} aria-label={`Share of ${role}`} />
          <span className="figure">{dollars(expected)}</span>
        </li>
      ))}
    </ul>
  );
}

function Checklist({
  title,
  checks,
  children,
}: {
  title: string;
  checks: Check[];
  children?: React.ReactNode;
}) {
  const met = checks.filter((check) => check.state === "ok").length;
  return (
    <details className="ed-checklist">
      <summary>
        {title}
        <span className="figure">
          {met} of {checks.length}
        </span>
      </summary>
      <ul>
        {checks.map((check) => (
          <li key={check.name} data-state={check.state}>
            <Item check={check} />
          </li>
        ))}
        {children}
      </ul>
    </details>
  );
}

/** What has a place in the document leads there. */
function Item({ check }: { check: Check }) {
  const words = (
    <>
      <Icon name={check.state === "ok" ? "check" : "warning"} size={14} />
      <span>
        <strong>{check.title}</strong>
        <small>{check.detail}</small>
      </span>
    </>
  );
  if (check.state === "ok" || !check.path) return <p>{words}</p>;
  return (
    <button type="button" onClick={() => goTo(asProblem(check))}>
      {words}
    </button>
  );
}

function asProblem({ path, title, detail }: Check): Problem {
  const [, role] = /^roles\.([^.]+)/.exec(path) ?? [];
  const [, handoff] = /^handoffs\.(\d+)/.exec(path) ?? [];
  return {
    path,
    message: `${title}: ${detail}`,
    severity: "advice",
    role: role ?? null,
    handoff: handoff === undefined ? null : Number(handoff),
  };
}

/** Asked when the document has come to rest; what is not answered is not shown. */
export function useReadiness(): Readiness | null {
  const document = useEditor((state) => state.document);
  const crewId = useSession((state) => state.crewId);
  const [found, setFound] = useState<Readiness | null>(null);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      readinessGet(document, crewId)
        .then((answer) => current && setFound(answer))
        .catch(() => current && setFound(null));
    }, SETTLED_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [document, crewId]);
  return found;
}

function dollars(text: string): string {
  const value = Number(text);
  if (value > 0 && value < 0.01) return "under $0.01";
  return `$${value.toFixed(2)}`;
}
