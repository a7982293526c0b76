import { useState } from "react";
import { useStore } from "zustand";
import { ApiError, Unreachable } from "../../api/http";
import { Icon, type IconName } from "../../graph/icons";
import { useProblems } from "../fields/problems";
import { COMMANDS, type Command } from "../model/keys";
import { currentPattern, redo, tell, undo, useEditor, type View } from "../store/editor";
import { publish, useSession } from "../store/session";
import { Roving } from "./Roving";
import { SaveMark } from "./SaveMark";

export function Toolbar() {
  const name = useEditor((state) => state.document.name);
  const pattern = useEditor(currentPattern);
  return (
    <header className="ed-toolbar">
      <div className="ed-toolbar-name">
        <h1>{name || "Without a name"}</h1>
        {pattern && <span className="tag">{pattern.title}</span>}
        <SaveMark />
      </div>
      <Roving label="Editor" orientation="horizontal" className="ed-tools">
        <History />
        <Views />
        <Finish />
      </Roving>
    </header>
  );
}

function Tool({
  icon,
  command,
  label,
  disabled,
  action,
}: {
  icon: IconName;
  command: Command;
  label: string;
  disabled: boolean;
  action(): void;
}) {
  return (
    <button
      type="button"
      className="btn btn-quiet btn-square"
      aria-label={label}
      title={`${label} (${COMMANDS[command].keys})`}
      disabled={disabled}
      onClick={() => action()}
    >
      <Icon name={icon} />
    </button>
  );
}

function History() {
  const past = useStore(useEditor.temporal, (state) => state.pastStates.length);
  const future = useStore(useEditor.temporal, (state) => state.futureStates.length);
  const find = () => useEditor.setState({ finding: true });
  return (
    <div className="ed-tools-group">
      <span className="ed-find">
        <Tool icon="search" command="find" label="Find" disabled={false} action={find} />
      </span>
      <Tool icon="undo" command="undo" label="Undo" disabled={past === 0} action={undo} />
      <Tool icon="redo" command="redo" label="Redo" disabled={future === 0} action={redo} />
    </div>
  );
}

const VIEWS: { view: View; word: string }[] = [
  { view: "canvas", word: "Canvas" },
  { view: "source", word: "YAML" },
];

function Views() {
  const view = useEditor((state) => state.view);
  const undrawable = useEditor((state) => state.undrawable);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset has no place inside a toolbar
    <div className="ed-switch" role="group" aria-label="View">
      {VIEWS.map(({ view: other, word }) => (
        <button
          key={other}
          type="button"
          aria-pressed={view === other}
          disabled={other === "canvas" && undrawable !== null}
          onClick={() => useEditor.setState({ view: other })}
        >
          {word}
        </button>
      ))}
    </div>
  );
}

function Finish() {
  const panel = useEditor((state) => state.panel);
  const mayChange = useEditor((state) => state.mayChange);
  const document = useEditor((state) => state.document);
  const { published, publishedDocument } = useSession();
  const problems = useProblems();
  const [busy, setBusy] = useState(false);
  const errors = problems.some((problem) => problem.severity === "error");
  const current = published !== null && publishedDocument === document;
  const go = async () => {
    setBusy(true);
    try {
      const made = await publish();
      if (made) tell(`Version ${made.number} is published.`);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof Unreachable)) throw error;
      tell(`Not published. ${error.message}`);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="ed-tools-group">
      <button
        type="button"
        className="btn"
        disabled={!mayChange || busy || errors || current}
        aria-label={current ? `Published v${published.number}` : undefined}
        title={publishTitle(errors, current)}
        onClick={() => void go()}
      >
        {current ? (
          <>
            <span className="ed-published">Published</span> v{published.number}
          </>
        ) : (
          "Publish"
        )}
      </button>
      <button
        type="button"
        className="btn btn-primary"
        aria-expanded={panel === "run"}
        onClick={() => useEditor.setState({ panel: panel === "run" ? "inspect" : "run" })}
      >
        <Icon name="play" size={14} /> Run
      </button>
    </div>
  );
}

function publishTitle(errors: boolean, current: boolean): string {
  if (errors) return "Only a crew without errors can be published";
  return current ? "Nothing has changed since" : "Keep this state as a version that never changes";
}
