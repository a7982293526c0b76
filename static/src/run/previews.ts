/** What agents opened to people, as the journal tells of it (the tool `open_preview`). */

import { numberOf, objectOf, textOf } from "../journal/entry";
import { isFinal, type RunState } from "../journal/fold";

export type Preview = { number: number; title: string; agent: string };

/** The previews of a run, in the order of their numbers. */
export function previewsOf(state: RunState): Preview[] {
  const found: Preview[] = [];
  for (const action of state.actions.values()) {
    // What a fork took over was another run's: its sandbox is not here.
    if (action.name !== "open_preview" || action.status !== "finished" || action.taken) continue;
    const told = objectOf(objectOf(action.output)?.preview);
    const number = numberOf(told?.number);
    if (number > 0) found.push({ number, title: textOf(told?.title), agent: action.agent });
  }
  return found.sort((one, other) => one.number - other.number);
}

/** Whether the sandboxes of a run are gone, `keptS` seconds after its end; at once when stopped. */
export function areOver(state: RunState, now: number, keptS: number): boolean {
  if (!isFinal(state.status)) return false;
  if (state.status === "cancelled" || !state.ended_at) return true;
  return now > Date.parse(state.ended_at) + keptS * 1000;
}
