import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { failsBelow, feedRows, type Row } from "../journal/feed";
import type { RunState } from "../journal/fold";
import { plain } from "../workspace/plain";
import { EventLine, FeedRow } from "./FeedRow";
import { useFollowing } from "./following";
import type { RunModel } from "./model";
import { Icon } from "./parts";

type Props = {
  tabs: ReactNode;
  model: RunModel;
  state: RunState;
  role: string | null;
  until: number | null;
  name: (role: string) => string;
  auditUrl: string;
  /** Where a fork is begun; null for who may not start runs. */
  forkUrl: string | null;
  onAnyRole: () => void;
};

/** Everything that was done, the newest at the end; it follows until the reader scrolls up. */
export function Feed(props: Props) {
  const { tabs, model, state, role, until, name, auditUrl, forkUrl, onAnyRole } = props;
  // The state is changed in place; its seq says when. Text that is being written changes no row.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const rows = useMemo(() => feedRows(state, model.events, role), [state, state.seq, role]);
  const toldBelow = useMemo(() => failsBelow(state), [state, state.seq]);
  const box = useRef<HTMLElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => 60,
    getItemKey: (index) => keyOf(rows[index] as Row),
    overscan: 8,
  });
  const { following, follow, stay } = useFollowing(box, rows.length, list.getTotalSize());
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) {
      next.add(id);
      stay();
    }
    setOpen(next);
  };
  return (
    <section className="panel run-feed" aria-label="What happened">
      <div className="panel-head">
        {tabs}
        {role !== null && (
          <button type="button" className="btn btn-sm btn-quiet" onClick={onAnyRole}>
            <Icon name="close" />
            All roles
          </button>
        )}
        {!following && rows.length > 0 && (
          <button type="button" className="btn btn-sm" onClick={follow}>
            Newest
            <Icon name="chevron-down" />
          </button>
        )}
      </div>
      <section
        className="run-feed-box"
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="Actions, newest last"
      >
        {rows.length === 0 && <p className="run-feed-none quiet">{emptyText(state)}</p>}
        <ol style={{ height: list.getTotalSize() }} aria-label="Actions">
          {list.getVirtualItems().map((item) => {
            const row = rows[item.index] as Row;
            return (
              <li
                key={item.key}
                data-index={item.index}
                ref={list.measureElement}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {row.kind === "event" ? (
                  <EventLine entry={row.entry} />
                ) : (
                  <FeedRow
                    row={row}
                    name={name}
                    writing={plain(model.writing.get(row.action.id) ?? "")}
                    toldBelow={toldBelow.has(row.action.id)}
                    open={open.has(row.action.id)}
                    onToggle={() => toggle(row.action.id)}
                    until={until}
                    auditUrl={auditUrl}
                    forkUrl={forkUrl}
                  />
                )}
              </li>
            );
          })}
        </ol>
      </section>
    </section>
  );
}

function keyOf(row: Row): string {
  return row.kind === "event" ? `entry${row.seq}` : row.action.id;
}

function emptyText(state: RunState): string {
  if (state.seq === 0) return "Fetching what happened…";
  return state.status === "queued"
    ? "The run is waiting for a worker to take it up."
    : "Nothing has been done yet.";
}
