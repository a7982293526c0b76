/** What the graph of a run shows: who is at work, what passes between whom, what each has used. */

import type { CrewDocument } from "../graph/document";
import { handoffIds, impliedId, type RunState as RoleState } from "../graph/flow";
import { impliedPairs } from "../graph/implied";
import { objectOf, textOf } from "./entry";
import type { ActionState, RunState } from "./fold";
import type { Money } from "./money";

/** How long a handoff that is done stays lit, in milliseconds of the run's own time. */
const AFTERGLOW = 1500;

export type Figures = {
  calls: number;
  tools: number;
  tokens: number;
  cost: Money;
  failures: number;
};

export type Activity = {
  states: { [role: string]: RoleState };
  figures: { [role: string]: Figures };
  /** By edge id of the graph. */
  lit: { [edge: string]: "active" | "done" };
  /** For each role that waits on others: the roles now at work below it. */
  waitingOn: { [role: string]: string[] };
};

const ENDED: { [status: string]: RoleState } = { finished: "done", failed: "failed" };

type Pass = { from: string; to: string; active: boolean };

/** `now` is a time of the run, in ms: the present one, or that of the entry looked at. */
export function activityOf(state: RunState, document: CrewDocument, now: number): Activity {
  const edges = edgeNames(document);
  const activity: Activity = { states: {}, figures: {}, lit: {}, waitingOn: {} };
  for (const role of Object.keys(document.roles)) activity.states[role] = "idle";
  for (const action of state.actions.values()) {
    countIn(activity, action);
    const pass = passOf(action, state.ended_at === null ? now : Number.POSITIVE_INFINITY);
    // What is handed back goes along the way that it came.
    const edge =
      pass && (edges.get(`${pass.from}>${pass.to}`) ?? edges.get(`${pass.to}>${pass.from}`));
    if (edge)
      activity.lit[edge] = pass.active || activity.lit[edge] === "active" ? "active" : "done";
  }
  const busy = busyActions(state);
  for (const action of deepest(busy)) {
    if (!(action.agent in activity.states)) continue;
    const waits = action.status === "waiting" || action.status === "uncertain";
    if (activity.states[action.agent] !== "running") {
      activity.states[action.agent] = waits ? "waiting" : "running";
    }
    for (const above of ancestors(state, action)) {
      if (above.agent === action.agent || !(above.agent in activity.states)) continue;
      const others = activity.waitingOn[above.agent] ?? [];
      activity.waitingOn[above.agent] = others.includes(action.agent)
        ? others
        : [...others, action.agent];
    }
  }
  return activity;
}

/** The actions above one, nearest first. */
export function ancestors(state: RunState, action: ActionState): ActionState[] {
  const chain: ActionState[] = [];
  let parent = action.parent;
  while (parent !== null) {
    const above = state.actions.get(parent);
    if (!above || chain.includes(above)) break;
    chain.push(above);
    parent = above.parent;
  }
  return chain;
}

function countIn(activity: Activity, action: ActionState): void {
  const role = action.agent;
  if (!(role in activity.states)) return;
  let sum = activity.figures[role];
  if (!sum) {
    sum = { calls: 0, tools: 0, tokens: 0, cost: 0n, failures: 0 };
    activity.figures[role] = sum;
  }
  if (action.type === "model_call") sum.calls += 1;
  if (action.type === "tool_call") sum.tools += 1;
  if (action.type === "ask" && action.ended_at !== null) {
    activity.states[role] = ENDED[action.status] ?? "idle";
  }
  sum.tokens += action.tokens;
  sum.cost += action.cost_usd ?? 0n;
  if (action.status === "failed") sum.failures += 1;
}

function passOf(action: ActionState, now: number): Pass | null {
  if (action.type !== "delegation" && action.type !== "handoff") return null;
  const input = objectOf(action.input);
  const from = textOf(input?.from) || action.agent;
  const to = textOf(input?.to);
  if (!to) return null;
  const fresh = action.type === "handoff" && now - Date.parse(action.ended_at ?? "") < AFTERGLOW;
  return { from, to, active: isBusy(action) || fresh };
}

function isBusy(action: ActionState): boolean {
  return ["running", "retrying", "waiting", "uncertain"].includes(action.status);
}

function busyActions(state: RunState): ActionState[] {
  return [...state.actions.values()].filter(isBusy);
}

/** Those that no other busy action stands below: a lead that waits for a worker is not at work. */
function deepest(busy: readonly ActionState[]): ActionState[] {
  const parents = new Set(busy.map((action) => action.parent));
  return busy.filter((action) => !parents.has(action.id));
}

function edgeNames(document: CrewDocument): Map<string, string> {
  const handoffs = document.handoffs ?? [];
  const ids = handoffIds(handoffs);
  const names = new Map<string, string>();
  for (const { from, to } of impliedPairs(document))
    names.set(`${from}>${to}`, impliedId(from, to));
  handoffs.forEach(({ from, to }, n) => {
    names.set(`${from}>${to}`, ids[n] as string);
  });
  return names;
}
