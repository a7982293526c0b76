import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useMemo, useRef, useState } from "react";
import type { RunState } from "../journal/fold";
import { type Command, titleOfWorkspace, workspaceOf } from "../workspace/commands";
import { type TerminalRow, terminalRows } from "../workspace/rows";
import { Changes } from "./Changes";
import { useFollowing } from "./following";
import type { RunModel } from "./model";
import { Icon, Took } from "./parts";

type Props = {
  tabs: ReactNode;
  model: RunModel;
  commands: Command[];
  state: RunState;
  role: string | null;
  until: number | null;
  name: (role: string) => string;
};

/** What was run in the sandboxes and what it printed, as it comes. */
export function Terminal({ tabs, model, commands, state, role, until, name }: Props) {
  const [picked, pick] = useState("");
  const spaces = useMemo(() => [...new Set(commands.map((one) => one.workspace))], [commands]);
  // A role that is chosen on the drawing has its sandbox shown.
  const wanted = role === null ? picked : workspaceOf(state, role);
  const shown = wanted ? commands.filter((one) => one.workspace === wanted) : commands;
  const rows = terminalRows(shown, (action) => model.printed.get(action)?.pieces ?? []);
  const box = useRef<HTMLElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => (rows[index]?.kind === "text" ? 120 : 32),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 6,
  });
  const { following, follow } = useFollowing(box, rows.length, list.getTotalSize());
  return (
    <section className="panel run-feed" aria-label="Terminal">
      <div className="panel-head">
        {tabs}
        {!following && rows.length > 0 && (
          <button type="button" className="btn btn-sm" onClick={follow}>
            Newest
            <Icon name="chevron-down" />
          </button>
        )}
        {spaces.length > 1 && (
          <select
            className="select run-terminal-space"
            aria-label="Sandbox"
            value={wanted}
            disabled={role !== null}
            onChange={(event) => pick(event.target.value)}
          >
            <option value="">All sandboxes</option>
            {spaces.map((space) => (
              <option key={space} value={space}>
                {titleOfWorkspace(state, space, name)}
              </option>
            ))}
          </select>
        )}
      </div>
      <section
        className="run-feed-box run-terminal"
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="Commands and what they printed, newest last"
      >
        {rows.length === 0 && (
          <p className="run-feed-none quiet">Nothing was run in this sandbox yet.</p>
        )}
        <ol style={{ height: list.getTotalSize() }} aria-label="Terminal">
          {list.getVirtualItems().map((item) => (
            <li
              key={item.key}
              data-index={item.index}
              ref={list.measureElement}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Row
                row={rows[item.index] as TerminalRow}
                who={(command) => whoOf(command, state, name, !wanted && spaces.length > 1)}
                until={until}
              />
            </li>
          ))}
        </ol>
      </section>
    </section>
  );
}

/** The role; among several sandboxes also which one, where that does not go without saying. */
function whoOf(
  command: Command,
  state: RunState,
  name: (role: string) => string,
  several: boolean,
): string {
  const who = name(command.action.agent);
  const shared = several && command.workspace.startsWith("shared-");
  return shared ? `${who} in ${titleOfWorkspace(state, command.workspace, name)}` : who;
}

type RowProps = { row: TerminalRow; who: (command: Command) => string; until: number | null };

function Row({ row, who, until }: RowProps) {
  if (row.kind === "text") {
    return (
      <pre className="run-printed" data-stream={row.stream}>
        {row.stream === "stderr" && <span className="sr-only">Error output: </span>}
        {row.text}
      </pre>
    );
  }
  if (row.kind === "changes") return <Changes changes={row.changes} more={row.more} />;
  if (row.kind === "end") {
    return (
      <p className="run-ended status status-plain" data-status="failed">
        <Icon name="failed" />
        {row.command.ending}
      </p>
    );
  }
  const { action, line, typed } = row.command;
  return (
    <div className="run-command" data-status={action.status}>
      <p className="run-command-who">
        <Icon name={action.status === "running" ? "running" : "terminal"} />
        <strong>{who(row.command)}</strong>
        <span className="quiet">{action.name}</span>
        <span className="run-row-took num">
          <Took action={action} until={until} />
        </span>
      </p>
      <pre className="run-command-line" data-typed={typed || undefined}>
        {line}
      </pre>
    </div>
  );
}
