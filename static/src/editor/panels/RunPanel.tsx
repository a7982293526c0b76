import { useRef, useState } from "react";
import { ApiError, Unreachable } from "../../api/http";
import { newKey, runStart } from "../../api/runs";
import type { Json } from "../../graph/document";
import { Icon } from "../../graph/icons";
import { type Problem, sortProblems } from "../../graph/problems";
import { useProblems } from "../fields/problems";
import { AreaField } from "../fields/text";
import { SchemaForm } from "../inspector/SchemaForm";
import { useEditor } from "../store/editor";
import { publish, useSession } from "../store/session";
import { Entry } from "./ProblemsBar";
import { ReadinessPart, useReadiness } from "./Readiness";

type Refusal = { message: string; problems: Problem[] };

/** Start a run of what is on the canvas: it is published first, so that the run names a version. */
export function RunPanel() {
  const mayRun = useEditor((state) => state.mayRun);
  const task = useEditor((state) => state.document.task);
  const [words, setWords] = useState<string>(typeof task?.example === "string" ? task.example : "");
  const [form, setForm] = useState<{ [key: string]: Json }>(
    isRecord(task?.example) ? task.example : {},
  );
  const { busy, refusal, start } = useStart();
  const errors = sortProblems(useProblems()).filter((problem) => problem.severity === "error");
  const schema = task?.schema;
  const ready =
    mayRun && errors.length === 0 && !busy && (schema !== undefined || words.trim() !== "");
  const go = (rehearse: boolean) => void start(schema ? form : words.trim(), rehearse);
  const readiness = useReadiness();
  return (
    <section className="ed-run" aria-labelledby="run-title">
      <header className="ed-inspector-head">
        <span className="ed-inspector-kind">
          <Icon name="play" />
        </span>
        <div>
          <p className="eyebrow">Run</p>
          <h2 id="run-title">What should they do?</h2>
        </div>
        <button
          type="button"
          className="btn btn-quiet btn-square"
          aria-label="Close"
          onClick={() => useEditor.setState({ panel: "inspect" })}
        >
          <Icon name="close" />
        </button>
      </header>
      <div className="ed-inspector-body">
        {schema ? (
          <SchemaForm
            schema={schema}
            value={form}
            path="task"
            change={(key, value) => setForm((before) => without(before, key, value))}
          />
        ) : (
          <AreaField
            label="Task"
            path="task"
            rows={7}
            value={words}
            change={setWords}
            placeholder="In plain words"
          />
        )}
        <Reasons errors={errors} refusal={refusal} mayRun={mayRun} />
        <Start disabled={!ready} go={go} keyless={readiness?.ready === false} />
        {readiness && <ReadinessPart found={readiness} />}
      </div>
    </section>
  );
}

type StartProps = { disabled: boolean; go: (rehearse: boolean) => void; keyless: boolean };

/** The two ways to start; first stands the one that can be gone. */
function Start({ disabled, go, keyless }: StartProps) {
  const look = (first: boolean) => `btn ${first ? "btn-primary" : ""}`;
  const run = (
    <div key="run">
      <button
        type="button"
        className={look(!keyless)}
        disabled={disabled}
        onClick={() => go(false)}
      >
        <Icon name="play" size={14} /> Run with models
      </button>
      <p className="hint">The real thing, within the limits of the crew.</p>
    </div>
  );
  const rehearse = (
    <div key="rehearse">
      <button
        type="button"
        className={`${look(keyless)} ed-rehearse`}
        disabled={disabled}
        onClick={() => go(true)}
      >
        Rehearse
      </button>
      <p className="hint">
        No model is called: the answers are scripted; engine, tools, sandboxes and contracts are
        real. It costs nothing.
      </p>
    </div>
  );
  return <div className="ed-start">{keyless ? [rehearse, run] : [run, rehearse]}</div>;
}

/** Why it does not start, before the button is pressed and after. */
function Reasons({
  errors,
  refusal,
  mayRun,
}: {
  errors: Problem[];
  refusal: Refusal | null;
  mayRun: boolean;
}) {
  const told = (refusal?.problems ?? []).filter((it) => it.message !== refusal?.message);
  const problems = errors.length > 0 ? errors : told;
  const title = errors.length > 0 ? "Before it can run" : refusal ? "Not started" : null;
  if (!mayRun) {
    return (
      <div className="notice" data-status="waiting">
        <Icon name="warning" />
        <div>
          <strong>Your role in this team may look, but not start runs.</strong>
          <p>Ask an owner of the team to make you a runner.</p>
        </div>
      </div>
    );
  }
  if (!title) return null;
  return (
    <div className="notice" data-status="failed" role="alert">
      <Icon name="error" />
      <div>
        <strong>{title}</strong>
        {errors.length === 0 && <p>{refusal?.message}</p>}
        <ul className="ed-reasons">
          {problems.map((problem) => (
            <li key={`${problem.path} ${problem.message}`}>
              <Entry problem={problem} />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function useStart() {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const mayChange = useEditor((state) => state.mayChange);
  const key = useRef(newKey());
  const start = async (task: Json, rehearse: boolean) => {
    setBusy(true);
    setRefusal(null);
    try {
      const { crewId, published } = useSession.getState();
      // Who may not change the crew runs what was published.
      const version = mayChange ? await publish() : published;
      if (!version) {
        const why = mayChange
          ? "What you changed is not saved yet."
          : "This crew has no published version.";
        setRefusal({ message: why, problems: [] });
        return;
      }
      const run = { crew: crewId, version: version.number, task, rehearse };
      const { url } = await runStart(run, key.current);
      window.location.assign(url);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof Unreachable)) throw error;
      // Refused is decided; unanswered may have started, and the same key finds that run again.
      if (error instanceof ApiError) key.current = newKey();
      const problems = error instanceof ApiError ? error.problems : [];
      setRefusal({ message: error.message, problems });
    } finally {
      setBusy(false);
    }
  };
  return { busy, refusal, start };
}

function isRecord(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(record: { [key: string]: Json }, key: string, value: Json | undefined) {
  const { [key]: _, ...rest } = record;
  return value === undefined ? rest : { ...rest, [key]: value };
}
