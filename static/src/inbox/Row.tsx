import { reasonOf } from "../decide/ask";
import { until } from "../decide/Due";
import { linesOf } from "../decide/diff";
import { useNow } from "../run/clock";
import { Icon } from "../run/parts";
import { briefOf, type Item } from "./inbox";

/** One question in the list: who asks what, since when, until when. */
export function Row({ item, open, onOpen }: { item: Item; open: boolean; onOpen: () => void }) {
  const { ask } = item;
  const now = useNow(true, 15_000);
  const reason = reasonOf(ask);
  const late = ask.deadline !== null && Date.parse(ask.deadline) < now;
  return (
    <button
      type="button"
      className="inbox-row"
      data-id={ask.id}
      aria-expanded={open}
      onClick={onOpen}
    >
      <span className="inbox-row-top">
        <span className="status status-plain" data-status="waiting">
          <Icon name={reason.icon} />
          {reason.word}
        </span>
        {item.rehearsal && (
          <span className="status status-plain" data-status="rehearsal">
            <Icon name="rehearsal" />
            Rehearsal
          </span>
        )}
        {ask.deadline ? (
          <span
            className="status status-plain inbox-row-due"
            data-status={late ? "failed" : "waiting"}
          >
            <Icon name="clock" />
            {until(ask.deadline, now)}
          </span>
        ) : (
          <span className="quiet num inbox-row-due">{since(item.askedAt, now)}</span>
        )}
      </span>
      <span className="inbox-row-question">{briefOf(ask.question)}</span>
      {ask.reason === "approval" && (
        <span className="inbox-row-sub mono">{briefOf(linesOf(ask.proposed).join("  "))}</span>
      )}
      <span className="inbox-row-sub">
        {item.role} · {item.crew}
        {ask.assignee && !item.mine ? ` · for ${ask.assignee}` : ""}
      </span>
    </button>
  );
}

/** `just now`, `5 min ago`, `3 d ago`. */
export function since(moment: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(moment)) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 1440)} d ago`;
}
