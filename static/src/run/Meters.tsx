import type { CrewLimits } from "../graph/document";
import { isFinal, type RunState } from "../journal/fold";
import { count, duration, money } from "../journal/format";
import { dollars, parseMoney } from "../journal/money";
import { useNow } from "./clock";
import { elapsedOf } from "./parts";

type Meter = { name: string; value: string; limit?: string; share?: number; note?: string };

type Props = { state: RunState; limits: CrewLimits; until: number | null };

/** What the run has used of what it may use. */
export function Meters({ state, limits, until }: Props) {
  const present = useNow(!isFinal(state.status) && !state.halted_at && until === null);
  return (
    <dl className="slate run-meters" aria-label="Used so far">
      {metersOf(state, limits, until ?? present).map((meter) => (
        <div key={meter.name}>
          <dt>{meter.name}</dt>
          <dd className="num">
            {meter.value}
            {meter.limit && " "}
            {meter.limit && <span className="quiet">of {meter.limit}</span>}
            {meter.note && " "}
            {meter.note && <span className="quiet">{meter.note}</span>}
            {meter.share !== undefined && <Bar share={meter.share} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Bar({ share }: { share: number }) {
  const full = Math.min(100, share * 100);
  return (
    <span className="run-bar" aria-hidden="true" data-tight={share > 0.8 || undefined}>
      <span style={{ width: `${full}%` }} />
    </span>
  );
}

export function metersOf(state: RunState, limits: CrewLimits, now: number): Meter[] {
  const elapsed = elapsedOf(state, now);
  const actions = state.actions.size - state.taken_actions;
  return [
    limited("Time", duration(elapsed), elapsed / 1000, limits.seconds, whole),
    {
      ...limited("Cost", money(state.cost_usd), dollars(state.cost_usd), budgetOf(limits), () =>
        money(parseMoney(limits.cost_usd ?? "0")),
      ),
      ...noted(costNote(state)),
    },
    limited("Tokens", count(state.tokens), state.tokens, limits.tokens, count),
    {
      ...limited("Actions", count(actions), actions, limits.actions, count),
      ...noted(state.taken_actions ? `+ ${count(state.taken_actions)} taken over` : ""),
    },
    limited("Model calls", count(state.calls), state.calls, limits.calls, count),
    { name: "Failures", value: count(state.failures) },
  ];
}

function noted(note: string): { note?: string } {
  return note ? { note } : {};
}

/** What is not in the cost: calls of unknown price, and what a fork took over. */
function costNote(state: RunState): string {
  const taken = state.taken_cost_usd ? `+ ${money(state.taken_cost_usd)} taken over` : "";
  return [state.unpriced ? "+ unknown" : "", taken].filter(Boolean).join(" ");
}

/** A round limit in few words: `1 h`, `10 min`, `90 s`. */
function whole(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function budgetOf(limits: CrewLimits): number | undefined {
  return limits.cost_usd === undefined ? undefined : Number(limits.cost_usd);
}

function limited(
  name: string,
  value: string,
  used: number,
  limit: number | undefined,
  write: (n: number) => string,
): Meter {
  if (!limit) return { name, value };
  return { name, value, limit: write(limit), share: used / limit };
}
