import { useEffect, useState } from "react";
import { type Json, objectOf, textOf } from "../journal/entry";
import { brief } from "../journal/feed";
import type { RunState } from "../journal/fold";
import { Agents } from "./Agents";
import type { Commands } from "./commands";
import { Text, Value } from "./Detail";
import { Previews } from "./Previews";
import type { Page } from "./page";
import { CopyButton, Icon, Notice, placeOf } from "./parts";
import { Question } from "./Question";
import { Sources } from "./Sources";

type Props = {
  page: Page;
  state: RunState;
  commands: Commands;
  name: (role: string) => string;
  /** Whether the present is shown; questions of the past are not asked again. */
  live: boolean;
};

/** What concerns a person most, once: a question to answer, what went wrong, the answer, or the task. */
export function Outcome({ page, state, commands, name, live }: Props) {
  const questions = state.open_questions.flatMap((id) => state.actions.get(id) ?? []);
  return (
    <section className="panel run-outcome" aria-label="Outcome">
      {questions.map((action) => (
        <Question
          key={action.id}
          action={action}
          name={name}
          decide={live && page.may.decide ? commands.decide : null}
        />
      ))}
      {state.status === "paused" && (
        <Notice status="paused" title="Paused">
          <p>
            {state.reason ||
              "What was under way is being finished; nothing new begins until it is resumed."}
          </p>
        </Notice>
      )}
      {state.status === "cancelled" && (
        <Notice status="cancelled" title="Stopped before the end">
          <p>{state.reason || "What had been done until then is kept."}</p>
          <Restart page={page} />
        </Notice>
      )}
      {state.status === "failed" && <RunFailure page={page} state={state} name={name} />}
      <Previews page={page} state={state} name={name} />
      {state.output !== null && (
        <Answer page={page} output={state.output} failures={state.failures} name={name} />
      )}
      {live && state.ended_at !== null && <Agents page={page} name={name} />}
      <Task
        state={state}
        title={page.title}
        waiting={state.output === null && questions.length === 0}
      />
    </section>
  );
}

/** Failures that the team's settings can mend. */
const OF_SETTINGS = ["bad_key", "no_credential", "unknown_model"];

type FailureProps = { page: Page; state: RunState; name: (role: string) => string };

function RunFailure({ page, state, name }: FailureProps) {
  const error = state.error ?? {};
  const role = textOf(error.role);
  const place = [role && name(role), placeOf(error)].filter(Boolean).join(" · ");
  return (
    <Notice
      status="failed"
      title={textOf(error.message) || "The run failed."}
      action={
        OF_SETTINGS.includes(textOf(error.kind)) ? (
          <a className="btn btn-sm" href="/settings/">
            Open the settings
          </a>
        ) : (
          <a className="btn btn-sm" href={`${page.urls.audit}?status=failed`}>
            See what failed
          </a>
        )
      }
    >
      {place && <p>{place}</p>}
      {textOf(error.advice) && <p>{textOf(error.advice)}</p>}
      <Restart page={page} />
    </Notice>
  );
}

/** Goes on as a new run that takes over what this one had finished. */
function Restart({ page }: { page: Page }) {
  if (!page.may.start) return null;
  return (
    <form method="post" action={page.urls.restart}>
      <input type="hidden" name="csrfmiddlewaretoken" value={page.csrf} />
      <button type="submit" className="btn btn-sm">
        <Icon name="retry" />
        Restart from the last checkpoint
      </button>
    </form>
  );
}

type AnswerProps = {
  page: Page;
  output: Json;
  failures: number;
  name: (role: string) => string;
};

function Answer({ page, output, failures, name }: AnswerProps) {
  const text = answerText(output);
  const data = text === null ? output : dataIn(text);
  const html = useAnswer(page.urls.answer, data === null);
  return (
    <article className="run-answer" aria-labelledby="answer-title">
      <div className="run-answer-head">
        <h2 id="answer-title">Answer</h2>
        {page.rehearsal && <span className="quiet">Rehearsal — no model was called</span>}
        {failures > 0 && (
          <span className="status status-plain" data-status="waiting">
            {failures} {failures === 1 ? "error" : "errors"} inside
          </span>
        )}
        <CopyButton text={text ?? JSON.stringify(output, null, 2)} label="Copy" />
      </div>
      {data !== null ? (
        <Value value={data} />
      ) : html === null ? (
        <Text text={text ?? ""} prose />
      ) : (
        // The server made it from Markdown with HTML switched off, and cleaned it.
        // biome-ignore lint/security/noDangerouslySetInnerHtml: cleaned by the server, see runs/markdown.py
        <div className="prose" dangerouslySetInnerHTML={{ __html: html }} />
      )}
      <Sources page={page} name={name} />
    </article>
  );
}

/** The text of an answer that is text, or an object around one; null for other data. */
export function answerText(output: Json): string | null {
  if (typeof output === "string") return output;
  const object = objectOf(output);
  const [only, ...more] = Object.values(object ?? {});
  return more.length === 0 && typeof only === "string" ? only : null;
}

/** The data of a text that is nothing but a JSON object or list; else null. */
function dataIn(text: string): Json {
  if (!/^\s*[{[]/.test(text)) return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

function useAnswer(url: string, wanted: boolean): string | null {
  const [html, setHtml] = useState<string | null>(null);
  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    fetch(url)
      .then((response) => (response.ok ? response.text() : null))
      .then((text) => !gone && setHtml(text))
      // The plain text stays.
      .catch(() => undefined);
    return () => {
      gone = true;
    };
  }, [url, wanted]);
  return html;
}

type TaskProps = { state: RunState; title: string; waiting: boolean };

/** The task in full; closed where something else matters more, or the title has said it all. */
function Task({ state, title, waiting }: TaskProps) {
  const task = state.started?.task ?? null;
  if (task === null) return null;
  const open = waiting && task !== title;
  return (
    <details className="run-task" open={open}>
      <summary>
        <span className="eyebrow">Task</span>
        {!open && <span className="run-task-line">{brief(task)}</span>}
      </summary>
      <Value value={task} prose />
    </details>
  );
}
