import { actorOf, type Entry, textOf } from "../journal/entry";
import { type ActionRow, excerptOf, isCutShort, subjectOf, wordOf } from "../journal/feed";
import type { ActionState } from "../journal/fold";
import { count, money } from "../journal/format";
import { Detail } from "./Detail";
import { Icon, placeOf, Status, Took } from "./parts";

const ICONS: { [type: string]: string } = {
  ask: "role",
  model_call: "model",
  tool_call: "tool",
  delegation: "handoff",
  handoff: "handoff",
  checkpoint: "save",
  escalation: "human",
  plan: "layout",
  route: "fork",
  review: "check",
  message: "mail",
};
const DEEPEST = 6;

type Props = {
  row: ActionRow;
  name: (role: string) => string;
  writing: string;
  toldBelow: boolean;
  open: boolean;
  onToggle: () => void;
  until: number | null;
  auditUrl: string;
  forkUrl: string | null;
};

/** One action: who, what, how it went, what it took; its input and output below when opened. */
export function FeedRow(props: Props) {
  const { row, name, writing, toldBelow, open, onToggle, until, auditUrl, forkUrl } = props;
  const { action } = row;
  const text = writing && action.status === "running" ? writing.trimStart() : excerptOf(action);
  const passes = action.type === "delegation" || action.type === "handoff";
  return (
    <article
      className="run-row"
      data-status={lookOf(action)}
      style={{ paddingInlineStart: `${0.75 + Math.min(row.depth, DEEPEST) * 0.875}rem` }}
    >
      <h3>
        <button type="button" className="run-row-head" aria-expanded={open} onClick={onToggle}>
          <span className="run-row-icon">
            <Icon name={action.status === "running" ? "running" : (ICONS[action.type] ?? "run")} />
          </span>
          <span className="run-row-who">{action.agent ? name(action.agent) : "System"}</span>
          <span className="run-row-what">
            {passes ? "→ " : `${wordOf(action)} `}
            <span>{passes ? name(subjectOf(action)) : subjectOf(action)}</span>
          </span>
          {action.taken && <span className="tag">taken over</span>}
          {isCutShort(action) && <span className="tag">cut short at max_tokens</span>}
          <Figures action={action} until={until} />
        </button>
      </h3>
      {action.error ? (
        <Failure action={action} toldBelow={toldBelow} />
      ) : (
        text &&
        !open && <p className={writing ? "run-row-text is-written" : "run-row-text"}>{text}</p>
      )}
      {action.waits_s > 0 && action.status === "running" && !writing && (
        <p className="run-row-text">
          Waits {Math.ceil(action.waits_s)} s: at most {action.waits_for}.
        </p>
      )}
      {open && <Detail action={action} auditUrl={auditUrl} forkUrl={forkUrl} />}
    </article>
  );
}

function lookOf(action: ActionState): string {
  return action.status === "finished"
    ? "done"
    : action.status === "retrying"
      ? "waiting"
      : action.status;
}

function Figures({ action, until }: { action: ActionState; until: number | null }) {
  const quiet = action.status === "finished" || action.status === "running";
  return (
    <span className="run-row-figures num">
      {!quiet && <Status status={action.status} plain />}
      {action.cached && <span title="Taken from another run; it cost nothing">found again</span>}
      {action.attempt > 1 && <span title="Attempts">{`${action.attempt}×`}</span>}
      {action.tokens > 0 && <span>{count(action.tokens)} tok</span>}
      {action.cost_usd !== null && action.cost_usd > 0n && <span>{money(action.cost_usd)}</span>}
      <span className="run-row-took">
        <Took action={action} until={until} />
      </span>
    </span>
  );
}

/** What failed, why, and the one thing to do. */
function Failure({ action, toldBelow }: { action: ActionState; toldBelow: boolean }) {
  const error = action.error ?? {};
  if (toldBelow) return <p className="run-row-text">Failed because of a step within it.</p>;
  const place = placeOf(error);
  return (
    <div className="run-row-error">
      <p>
        <strong>{textOf(error.message) || "It failed."}</strong>
      </p>
      {place && <p className="quiet">{place}</p>}
      {textOf(error.advice) && <p>{textOf(error.advice)}</p>}
    </div>
  );
}

const EVENTS: { [kind: string]: { icon: string; word: string } } = {
  "run.paused": { icon: "paused", word: "paused the run" },
  "run.resumed": { icon: "play", word: "resumed the run" },
  "run.cancelled": { icon: "cancelled", word: "stopped the run" },
  "decision.made": { icon: "human", word: "decided" },
};

/** What happened to the run as a whole. */
export function EventLine({ entry }: { entry: Entry }) {
  const payload = entry.payload ?? {};
  const system = entry.actor === "system";
  const taken = system && entry.kind === "run.resumed";
  const { icon, word } = EVENTS[entry.kind] ?? { icon: "info", word: entry.kind };
  const more = [textOf(payload.choice), textOf(payload.reason), textOf(payload.comment)].filter(
    Boolean,
  );
  return (
    <p className="run-event">
      <Icon name={icon} />
      <span>
        {taken
          ? "Another worker took the run over"
          : `${system ? "The system" : actorOf(entry)} ${word}`}
        {more.length > 0 && `: ${more.join(" — ")}`}
      </span>
    </p>
  );
}
