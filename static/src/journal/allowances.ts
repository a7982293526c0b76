/** What people allowed a run on top of its limits, as in runs/engine/allowances.py. */

import type { CrewLimits } from "../graph/document";
import { numberOf, objectOf, textOf } from "./entry";
import type { RunState } from "./fold";
import { exactMoney, parseMoney } from "./money";

const COUNTED = ["tokens", "calls", "actions", "delegations", "seconds"] as const;

/** The limits of a run with what was allowed so far. */
export function toppedUp(limits: CrewLimits, state: RunState): CrewLimits {
  const now = { ...limits };
  for (const action of state.actions.values()) {
    if (!action.key.startsWith("limit:") || action.taken) continue;
    if (action.decision?.choice !== "top_up") continue;
    const more = objectOf(action.decision.value) ?? {};
    for (const name of COUNTED) {
      const before = now[name];
      if (before !== undefined) now[name] = before + numberOf(more[name]);
    }
    if (now.cost_usd !== undefined) {
      const sum = parseMoney(now.cost_usd) + parseMoney(textOf(more.cost_usd));
      now.cost_usd = exactMoney(sum);
    }
  }
  return now;
}
