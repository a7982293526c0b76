import { isObject, type Json, type JsonObject, objectOf, textOf } from "../journal/entry";
import { Value } from "../run/Detail";
import { placeOf } from "../run/parts";
import type { Ask } from "./ask";

/** What a question is about, as it was journaled: never a model's summary of it. */
export function About({ ask, name = (role) => role }: Props) {
  const context = objectOf(ask.context);
  switch (ask.reason) {
    case "approval":
      return (
        <Part title="Arguments, as they would be sent" look="decide-proposed">
          <Value value={ask.proposed} />
        </Part>
      );
    case "limit":
      return null;
    case "breaker":
      return <p className="quiet">{textOf(context?.advice)}</p>;
    case "role":
      return listOf(context?.given).map((one, n) => (
        <Part
          // biome-ignore lint/suspicious/noArrayIndexKey: what was given never changes
          key={n}
          title={`From ${textOf(one.from) ? name(textOf(one.from)) : "who started the run"}`}
        >
          <Value value={one.payload ?? null} prose />
        </Part>
      ));
    case "failures":
      return (
        <>
          <Failed error={objectOf(context?.error) ?? {}} />
          <Part title="What it was asked">
            <Value value={context?.task ?? null} prose />
            {listOf(context?.given).map((one, n) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: what was given never changes
              <Value key={n} value={one.payload ?? null} prose />
            ))}
          </Part>
        </>
      );
    case "invalid":
      return (
        <>
          <Part title="What is wrong">
            <ul className="decide-problems">
              {listOf(context?.problems).map((problem) => (
                <li key={`${problem.path} ${problem.message}`}>
                  {textOf(problem.path) && <code>{textOf(problem.path)}</code>}{" "}
                  {textOf(problem.message)}
                </li>
              ))}
            </ul>
          </Part>
          <Part title="The result as it came" look="decide-proposed">
            <Value value={context?.payload ?? null} />
          </Part>
        </>
      );
    default:
      return ask.context === null ? null : (
        <Part title="What it is about" look="decide-proposed">
          <Value value={ask.context} />
        </Part>
      );
  }
}

type Props = { ask: Ask; name?: (role: string) => string };

/** Where it failed and what helps; the question says what failed. */
function Failed({ error }: { error: JsonObject }) {
  const place = placeOf(error);
  if (!place && !textOf(error.advice)) return null;
  return (
    <p className="quiet">
      {place && `${place}. `}
      {textOf(error.advice)}
    </p>
  );
}

type PartProps = { title: string; look?: string; children: React.ReactNode };

function Part({ title, look = "", children }: PartProps) {
  return (
    <section className={`decide-about ${look}`} aria-label={title}>
      <p className="eyebrow">{title}</p>
      {children}
    </section>
  );
}

function listOf(value: Json | undefined) {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
