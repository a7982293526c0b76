import { type KeyboardEvent, useMemo, useState } from "react";
import type { RunState } from "../journal/fold";
import { progressOf } from "../journal/progress";
import { commandsOf } from "../workspace/commands";
import { handedOver, workspacesOf } from "../workspace/files";
import { Feed } from "./Feed";
import { Files } from "./Files";
import type { RunModel } from "./model";
import type { Page } from "./page";
import { Tasks } from "./Tasks";
import { Terminal } from "./Terminal";

type Props = {
  page: Page;
  model: RunModel;
  state: RunState;
  role: string | null;
  until: number | null;
  name: (role: string) => string;
  onAnyRole: () => void;
};

type Pane = "feed" | "tasks" | "files" | "terminal";

/** What happened; and where there are sandboxes, what is in them and what was run there. */
export function Side(props: Props) {
  const { page, model, state, role, until, name } = props;
  const [chosen, choose] = useState<Pane>("feed");
  // The state is changed in place; its seq says when.
  const made = useMemo(
    () => ({
      commands: commandsOf(state),
      spaces: workspacesOf(state),
      handed: handedOver(state),
      tasks: progressOf(state),
    }),
    [state, state.seq],
  );
  const files =
    made.handed.artifacts.length + made.spaces.reduce((sum, space) => sum + space.files.length, 0);
  const title = role === null ? "What happened" : `What ${name(role)} did`;
  const panes: [Pane, string][] = [["feed", title]];
  if (made.tasks.length > 1) panes.push(["tasks", `Tasks ${made.tasks.length}`]);
  if (made.spaces.length > 0 || files > 0 || made.handed.missing.length > 0) {
    panes.push(["files", files > 0 ? `Files ${files}` : "Files"]);
  }
  if (made.commands.length > 0) panes.push(["terminal", "Terminal"]);
  const shown = panes.some(([pane]) => pane === chosen) ? chosen : "feed";
  const tabs =
    panes.length === 1 ? (
      <h2>{title}</h2>
    ) : (
      <>
        <h2 className="sr-only">{title}</h2>
        <Tabs panes={panes} shown={shown} choose={choose} />
      </>
    );
  if (shown === "tasks") {
    return <Tasks tabs={tabs} tasks={made.tasks} role={role} name={name} />;
  }
  if (shown === "files") {
    return (
      <Files
        tabs={tabs}
        spaces={made.spaces}
        handed={made.handed}
        state={state}
        name={name}
        url={page.urls.files}
      />
    );
  }
  if (shown === "terminal") {
    return (
      <Terminal
        tabs={tabs}
        model={model}
        commands={made.commands}
        state={state}
        role={role}
        until={until}
        name={name}
      />
    );
  }
  return <Feed {...props} tabs={tabs} auditUrl={page.urls.audit} forkUrl={page.urls.fork} />;
}

type TabsProps = { panes: [Pane, string][]; shown: Pane; choose: (pane: Pane) => void };

function Tabs({ panes, shown, choose }: TabsProps) {
  const at = panes.findIndex(([pane]) => pane === shown);
  const go = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = step && panes[(at + step + panes.length) % panes.length];
    if (!next) return;
    event.preventDefault();
    choose(next[0]);
    // The tabs are drawn anew by the pane that comes.
    requestAnimationFrame(() => document.getElementById(`tab-${next[0]}`)?.focus());
  };
  return (
    <div className="run-tabs" role="tablist" aria-label="What to show" onKeyDown={go}>
      {panes.map(([pane, word]) => (
        <button
          key={pane}
          id={`tab-${pane}`}
          type="button"
          role="tab"
          aria-selected={pane === shown}
          tabIndex={pane === shown ? 0 : -1}
          onClick={() => choose(pane)}
        >
          {word}
        </button>
      ))}
    </div>
  );
}
