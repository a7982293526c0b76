import { useNow } from "../run/clock";
import { Icon } from "../run/parts";
import { type Ask, wordOf } from "./ask";

/** `in 12 min`, `in 3 d`, `2 h overdue`. */
export function until(deadline: string, now: number): string {
  const minutes = Math.round((Date.parse(deadline) - now) / 60_000);
  const size = Math.abs(minutes);
  const units: [number, string][] = [
    [1440, "d"],
    [60, "h"],
    [1, "min"],
  ];
  const [each, unit] = units.find(([one]) => size >= one) ?? [1, "min"];
  const amount = `${Math.max(1, Math.floor(size / each))} ${unit}`;
  return minutes < 0 ? `${amount} overdue` : `in ${amount}`;
}

/** Until when a question may be answered, and what holds then. */
export function Due({ ask }: { ask: Ask }) {
  const now = useNow(ask.deadline !== null, 15_000);
  if (!ask.deadline) return null;
  const late = Date.parse(ask.deadline) < now;
  return (
    <p className="decide-due">
      <span className="status status-plain" data-status={late ? "failed" : "waiting"}>
        <Icon name="clock" />
        <time dateTime={ask.deadline} title={new Date(ask.deadline).toLocaleString()}>
          {until(ask.deadline, now)}
        </time>
      </span>
      <span>
        {ask.byDefault
          ? `Then the choice is “${wordOf(ask.byDefault)}”.`
          : "It stays open after that."}
      </span>
    </p>
  );
}
