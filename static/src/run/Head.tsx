import { useState } from "react";
import { objectOf } from "../journal/entry";
import { isFinal, type RunState } from "../journal/fold";
import { CommandError, type Commands } from "./commands";
import type { Page } from "./page";
import { Icon, Status } from "./parts";

type Props = { page: Page; state: RunState; commands: Commands; reachable: boolean };

/** Which run this is, how it stands, and what can be told to it. */
export function Head({ page, state, commands, reachable }: Props) {
  return (
    <header className="run-head">
      <div className="run-names">
        <p className="crumbs">
          <a className="quiet-link" href={page.urls.runs}>
            Runs
          </a>
          <span aria-hidden="true">/</span>
          {page.urls.crew ? (
            <a className="quiet-link" href={page.urls.crew}>
              {page.crew}
            </a>
          ) : (
            <span>{page.crew}</span>
          )}
          {page.version !== null && <span className="tag">v{page.version}</span>}
        </p>
        <h1 title={page.title}>{page.title}</h1>
      </div>
      <div className="run-marks">
        <span role="status">
          <Status status={state.seq > 0 ? state.status : page.status} />
        </span>
        {page.rehearsal && (
          <span className="status" data-status="rehearsal">
            <Icon name="rehearsal" />
            Rehearsal — no model was called
          </span>
        )}
        {page.urls.origin && (
          <a className="status status-plain" href={page.urls.origin}>
            <Icon name="fork" />
            {objectOf(state.started?.origin)?.restart
              ? "Restart of another run"
              : "Fork of another run"}
          </a>
        )}
      </div>
      <div className="run-controls">
        {page.urls.compare && (
          <a className="btn btn-sm" href={page.urls.compare}>
            <Icon name="layout" />
            Compare
          </a>
        )}
        {page.may.stop && state.seq > 0 && !isFinal(state.status) && (
          <Controls state={state} commands={commands} disabled={!reachable} />
        )}
        <a className="btn btn-sm" href={page.urls.audit}>
          <Icon name="search" />
          Audit
        </a>
      </div>
    </header>
  );
}

type ControlsProps = { state: RunState; commands: Commands; disabled: boolean };

/** A pressed button stays pressed until the journal says that it happened. */
function Controls({ state, commands, disabled }: ControlsProps) {
  const [sent, setSent] = useState<{ what: string; status: string } | null>(null);
  const [problem, setProblem] = useState("");
  const waiting = sent?.status === state.status ? sent.what : null;
  const tell = (what: "stop" | "pause" | "resume") => {
    setSent({ what, status: state.status });
    setProblem("");
    commands[what]().catch((error: unknown) => {
      setSent(null);
      setProblem(error instanceof CommandError ? error.message : String(error));
    });
  };
  const halted = state.status === "paused";
  const other = halted ? "resume" : "pause";
  return (
    <>
      {problem && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <button
        type="button"
        className="btn btn-sm"
        disabled={disabled || waiting !== null}
        onClick={() => tell(other)}
      >
        <Icon name={halted ? "play" : "pause"} />
        {waiting === "pause"
          ? "Pausing…"
          : waiting === "resume"
            ? "Resuming…"
            : halted
              ? "Resume"
              : "Pause"}
      </button>
      <button
        type="button"
        className="btn btn-sm btn-danger"
        disabled={disabled || waiting !== null}
        onClick={() => tell("stop")}
      >
        <Icon name="stop" />
        {waiting === "stop" ? "Stopping…" : "Stop"}
      </button>
    </>
  );
}
