import { type ReactNode, useState } from "react";
import { type JsonObject, textOf } from "../journal/entry";
import type { ActionState, RunState } from "../journal/fold";
import { duration } from "../journal/format";
import { useNow } from "./clock";

/** An icon of the sprite in templates/parts/sprite.html, beside a word or in a named control. */
export function Icon({ name }: { name: string }) {
  return (
    <svg className="icon" aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  );
}

/** Words and icons of every status of a run or an action; the icons are named as the colours are. */
const STATUS: { [status: string]: { look: string; icon?: string; word: string } } = {
  queued: { look: "queued", word: "Queued" },
  running: { look: "running", word: "Running" },
  waiting: { look: "waiting", word: "Waiting for a person" },
  paused: { look: "paused", word: "Paused" },
  finished: { look: "done", word: "Finished" },
  failed: { look: "failed", word: "Failed" },
  cancelled: { look: "cancelled", word: "Cancelled" },
  retrying: { look: "waiting", icon: "retry", word: "Trying again" },
  uncertain: { look: "waiting", icon: "warning", word: "In doubt" },
};

export function Status({ status, plain = false }: { status: string; plain?: boolean }) {
  const { look, icon, word } = STATUS[status] ?? { look: "queued", word: status };
  return (
    <span className={plain ? "status status-plain" : "status"} data-status={look}>
      <Icon name={icon ?? look} />
      {word}
    </span>
  );
}

export function statusWord(status: string): string {
  return STATUS[status]?.word ?? status;
}

/** Where an error came from: `openai · api.openai.com · status 400`. */
export function placeOf(error: JsonObject): string {
  const status = error.status ? `status ${error.status}` : "";
  return [textOf(error.provider), textOf(error.host), status].filter(Boolean).join(" · ");
}

/** How long the run has been at it: waits, pauses and lost workers do not count. */
export function elapsedOf(state: RunState, now: number): number {
  if (!state.started_at) return 0;
  const end = state.halted_at ?? state.ended_at;
  const wall = (end ? Date.parse(end) : now) - Date.parse(state.started_at);
  return Math.max(0, wall - state.idle_s * 1000);
}

/** An action's duration, counting while it runs; none of what is done in an instant. `until` stops
 * the clock at a moment looked at. */
export function Took({ action, until }: { action: ActionState; until: number | null }) {
  const open = action.ended_at === null && until === null;
  const present = useNow(open);
  if (action.ended_at === action.started_at) return null;
  const end = action.ended_at ? Date.parse(action.ended_at) : (until ?? present);
  return <>{duration(Math.max(0, end - Date.parse(action.started_at)))}</>;
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" className="btn btn-sm" onClick={() => void copy()} aria-live="polite">
      <Icon name={done ? "check" : "copy"} />
      {done ? "Copied" : label}
    </button>
  );
}

type NoticeProps = {
  status: string;
  icon?: string;
  title: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
};

/** A sentence that matters, as templates/parts/notice.html draws it. */
export function Notice({ status, icon, title, children, action }: NoticeProps) {
  return (
    <div className="notice" data-status={status} role={status === "failed" ? "alert" : undefined}>
      <Icon name={icon ?? status} />
      <div>
        <strong>{title}</strong>
        {children}
      </div>
      {action}
    </div>
  );
}
