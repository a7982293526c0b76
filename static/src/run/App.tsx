import { useEffect, useMemo, useState } from "react";
import { type CrewDocument, type CrewLimits, titleOf } from "../graph/document";
import { toppedUp } from "../journal/allowances";
import { isFinal } from "../journal/fold";
import { Canvas } from "./Canvas";
import { now, useNow } from "./clock";
import { commandsOf } from "./commands";
import { Head } from "./Head";
import { Meters } from "./Meters";
import { type RunModel, useModel } from "./model";
import { Outcome } from "./Outcome";
import type { Page } from "./page";
import { Notice, statusWord } from "./parts";
import { Scrubber } from "./Scrubber";
import { Side } from "./Side";

/** What a document means that does not say otherwise (crews/spec.py). */
const DEFAULT_LIMITS: CrewLimits = { actions: 500, seconds: 3600 };

/** A run on one screen: the crew at work, what it has used, what it did, what came of it. */
export function App({ page, model }: { page: Page; model: RunModel }) {
  useModel(model);
  const [role, setRole] = useState<string | null>(null);
  const commands = useMemo(() => commandsOf(page), [page]);
  const state = model.shown;
  const document = (model.live.started?.document ?? null) as CrewDocument | null;
  const name = (one: string) => titleOf(one, document?.roles[one]);
  const entry = model.at === null ? undefined : model.entries[model.at - 1];
  const until = entry ? Date.parse(entry.at) : null;
  // What is lit after a handoff goes out by itself.
  useNow(until === null && !isFinal(state.status), 500);
  useTitle(page, model.live.seq > 0 ? model.live.status : page.status);
  return (
    <div className="run-page">
      <Head page={page} state={model.live} commands={commands} reachable={model.line === "open"} />
      <Banner model={model} />
      <Meters
        state={state}
        limits={document ? toppedUp({ ...DEFAULT_LIMITS, ...document.limits }, state) : {}}
        until={until}
      />
      <div className="run-body">
        <div className="run-left">
          <div className="panel run-canvas">
            {document ? (
              <Canvas
                document={document}
                state={state}
                now={until ?? now()}
                role={role}
                onRole={setRole}
              />
            ) : (
              <p className="run-feed-none quiet">
                {model.entries.length > 0
                  ? "What the crew was has been erased."
                  : "Fetching the run…"}
              </p>
            )}
          </div>
          <Outcome
            page={page}
            state={state}
            commands={commands}
            name={name}
            live={until === null}
          />
          <Scrubber model={model} state={state} name={name} />
        </div>
        <Side
          page={page}
          model={model}
          state={state}
          role={role}
          until={until}
          name={name}
          onAnyRole={() => setRole(null)}
        />
      </div>
    </div>
  );
}

/** The tab says how the run stands, for whoever works in another one. */
function useTitle(page: Page, status: string): void {
  useEffect(() => {
    window.document.title = `${statusWord(status)} · ${page.crew}: ${page.title}`;
  }, [page, status]);
}

/** Says when the page is not what the run is now: no connection, or a look at the past. */
function Banner({ model }: { model: RunModel }) {
  if (model.line === "lost") {
    return (
      <Notice status="failed" icon="warning" title="Connection lost — reconnecting…">
        <p>
          The run goes on without this page. What it did meanwhile appears as soon as the server
          answers.
        </p>
      </Notice>
    );
  }
  if (model.line === "signed-out") {
    return (
      <Notice
        status="failed"
        icon="lock"
        title="You are signed out."
        action={
          <a
            className="btn btn-sm"
            href={`/accounts/login/?next=${encodeURIComponent(location.pathname)}`}
          >
            Sign in
          </a>
        }
      >
        <p>The run goes on. Sign in to see it again.</p>
      </Notice>
    );
  }
  if (model.line === "not-found") {
    return (
      <Notice
        status="failed"
        title="This run is no longer there, or no longer yours to see."
        action={
          <a className="btn btn-sm" href="/runs/">
            All runs
          </a>
        }
      />
    );
  }
  return null;
}
