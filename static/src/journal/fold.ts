/**
 * What a run's entries add up to. The same fold stands in runs/journal/fold.py, with the same names;
 * the golden journals in tests/journals/ hold the two together.
 *
 * A state is changed in place, so that adding one entry costs the same however long the run is.
 */

import { type Entry, type Json, type JsonObject, numberOf, objectOf, textOf } from "./entry";
import { type Money, parseMoney } from "./money";

export type ActionStatus =
  | "running"
  | "finished"
  | "failed"
  | "retrying"
  | "uncertain"
  | "waiting"
  | "cancelled";

export type ActionState = {
  id: string;
  key: string;
  parent: string | null;
  agent: string;
  type: string;
  name: string;
  seq: number;
  started_at: string;
  input: Json;
  input_hash: string;
  status: ActionStatus;
  attempt: number;
  lost_attempts: number;
  crashes: number;
  ended_at: string | null;
  output: Json;
  error: JsonObject | null;
  tokens: number;
  cost_usd: Money | null;
  provider: string;
  model: string;
  reserved: JsonObject | null;
  /** Seconds for which the last attempt waits for the rate limit that `waits_for` names. */
  waits_s: number;
  waits_for: string;
  /** Whose result was taken instead of doing it: run, action, at. */
  cached: JsonObject | null;
  question: JsonObject | null;
  decision: JsonObject | null;
  /** Where a fork has the last thing told of it from: run, seq, at. */
  taken: JsonObject | null;
};

export type RunStatus =
  | "queued"
  | "running"
  | "waiting"
  | "paused"
  | "cancelled"
  | "finished"
  | "failed";

export type RunState = {
  status: RunStatus;
  seq: number;
  started: JsonObject | null;
  started_at: string;
  ended_at: string | null;
  actions: Map<string, ActionState>;
  open_questions: string[];
  output: Json;
  error: JsonObject | null;
  reason: string;
  calls: number;
  tokens: number;
  cost_usd: Money;
  unpriced: boolean;
  failures: number;
  /** What a fork took over counts here alone. */
  taken_actions: number;
  taken_calls: number;
  taken_tokens: number;
  taken_cost_usd: Money;
  takeovers: number;
  halted_at: string | null;
  /** Seconds in which the run waited for a person, was paused or had no worker. */
  idle_s: number;
  last_at: string;
  redacted: number[];
};

export function isFinal(status: RunStatus): boolean {
  return status === "finished" || status === "failed" || status === "cancelled";
}

export function newState(): RunState {
  return {
    status: "queued",
    seq: 0,
    started: null,
    started_at: "",
    ended_at: null,
    actions: new Map(),
    open_questions: [],
    output: null,
    error: null,
    reason: "",
    calls: 0,
    tokens: 0,
    cost_usd: 0n,
    unpriced: false,
    failures: 0,
    taken_actions: 0,
    taken_calls: 0,
    taken_tokens: 0,
    taken_cost_usd: 0n,
    takeovers: 0,
    halted_at: null,
    idle_s: 0,
    last_at: "",
    redacted: [],
  };
}

/** Adds entries, in the order of their `seq`, to a state (a new one by default) and returns it. */
export function fold(entries: Iterable<Entry>, state: RunState = newState()): RunState {
  for (const entry of entries) add(state, entry);
  return state;
}

export function add(state: RunState, entry: Entry): void {
  state.seq = entry.seq;
  const payload = entry.payload ?? {};
  const action = entry.action === null ? undefined : state.actions.get(entry.action);
  if (entry.kind === "action.started") start(state, entry, payload);
  else if (!action || !proceed(state, action, entry, payload)) steer(state, entry, payload);
  state.last_at = entry.at;
}

function start(state: RunState, entry: Entry, payload: JsonObject): void {
  if (entry.action === null) throw new Error(`entry ${entry.seq} starts an action and names none`);
  const taken = objectOf(payload.taken);
  if (state.status === "queued" && !taken) state.status = "running";
  const known = state.actions.get(entry.action);
  if (known?.status === "running") known.lost_attempts += 1;
  const action = known ?? newAction(entry.action, entry, payload);
  if (!known && taken) state.taken_actions += 1;
  state.actions.set(entry.action, action);
  action.status = "running";
  action.ended_at = null;
  action.decision = null;
  action.attempt = payload.attempt === undefined ? 1 : numberOf(payload.attempt);
  action.provider = textOf(payload.provider) || action.provider;
  action.model = textOf(payload.model) || action.model;
  action.reserved = objectOf(payload.reserved);
  action.waits_s = numberOf(payload.waits_s);
  action.waits_for = textOf(payload.waits_for);
  action.cached = objectOf(payload.cached);
  action.taken = taken;
  if (action.type === "model_call" && !action.cached) {
    if (taken) state.taken_calls += 1;
    else state.calls += 1;
  }
  state.unpriced ||= !taken && payload.lost === true;
}

function newAction(id: string, entry: Entry, payload: JsonObject): ActionState {
  return {
    id,
    key: entry.key,
    parent: entry.parent,
    agent: entry.agent,
    type: textOf(payload.type),
    name: textOf(payload.name),
    seq: entry.seq,
    started_at: when(entry, payload),
    input: payload.input ?? null,
    input_hash: textOf(payload.input_hash),
    status: "running",
    attempt: 1,
    lost_attempts: 0,
    crashes: 0,
    ended_at: null,
    output: null,
    error: null,
    tokens: 0,
    cost_usd: null,
    provider: "",
    model: "",
    reserved: null,
    waits_s: 0,
    waits_for: "",
    cached: null,
    question: null,
    decision: null,
    taken: null,
  };
}

/** Whether the entry was about the action; what is not, is about the run. */
function proceed(state: RunState, action: ActionState, entry: Entry, payload: JsonObject): boolean {
  const taken = objectOf(payload.taken);
  action.taken = taken;
  switch (entry.kind) {
    case "action.finished":
      action.status = "finished";
      action.ended_at = when(entry, payload);
      action.output = payload.output ?? null;
      action.error = null;
      action.crashes = 0;
      state.takeovers = 0;
      spend(state, action, payload);
      return true;
    case "action.failed":
      action.status = payload.final ? "failed" : "retrying";
      action.ended_at = when(entry, payload);
      action.error = objectOf(payload.error);
      action.crashes = 0;
      if (!taken) state.failures += 1;
      state.takeovers = 0;
      spend(state, action, payload);
      settle(state, action, entry.at);
      return true;
    case "action.uncertain":
      action.status = "uncertain";
      return true;
    case "run.waiting":
      action.status = "waiting";
      action.question = payload;
      if (taken) return true;
      state.open_questions = [...state.open_questions, action.id];
      halt(state, "waiting", entry.at);
      return true;
    case "decision.made":
      action.status = "running";
      action.decision = payload;
      settle(state, action, entry.at);
      return true;
    default:
      return false;
  }
}

/** Notes that a person is not, or not any more, asked by an action. */
function settle(state: RunState, action: ActionState, at: string): void {
  state.open_questions = state.open_questions.filter((id) => id !== action.id);
  if (state.status === "waiting" && state.open_questions.length === 0) goOn(state, at);
}

function steer(state: RunState, entry: Entry, payload: JsonObject): void {
  switch (entry.kind) {
    case "run.started":
      state.started = payload;
      state.started_at = entry.at;
      break;
    case "run.paused":
      state.reason = textOf(payload.reason);
      halt(state, "paused", entry.at);
      break;
    case "run.resumed":
      resume(state, entry, payload);
      break;
    case "run.cancelled":
      state.reason = textOf(payload.reason);
      end(state, "cancelled", entry.at);
      break;
    case "run.finished":
      state.output = payload.output ?? null;
      state.error = objectOf(payload.error);
      end(state, payload.status === "failed" ? "failed" : "finished", entry.at);
      break;
    case "redacted":
      state.redacted = [...state.redacted, numberOf(payload.seq)];
      break;
  }
}

function resume(state: RunState, entry: Entry, payload: JsonObject): void {
  if (entry.actor === "system") {
    state.idle_s += seconds(state.last_at, entry.at);
    if (!payload.handover) crash(state);
  } else if (state.open_questions.length > 0) {
    state.status = "waiting";
  } else {
    state.takeovers = 0;
    for (const action of state.actions.values()) action.crashes = 0;
    goOn(state, entry.at);
  }
}

function crash(state: RunState): void {
  state.takeovers += 1;
  for (const action of state.actions.values()) {
    if (action.status === "running") action.crashes += 1;
  }
}

function spend(state: RunState, action: ActionState, payload: JsonObject): void {
  const usage = objectOf(payload.usage);
  if (!usage) return;
  const tokens = numberOf(usage.input_tokens) + numberOf(usage.output_tokens);
  const cost = payload.cost_usd == null ? null : parseMoney(textOf(payload.cost_usd));
  action.tokens += tokens;
  if (cost !== null) action.cost_usd = (action.cost_usd ?? 0n) + cost;
  if (objectOf(payload.taken)) {
    state.taken_tokens += tokens;
    state.taken_cost_usd += cost ?? 0n;
    return;
  }
  state.tokens += tokens;
  state.unpriced ||= cost === null;
  state.cost_usd += cost ?? 0n;
}

/** When what an entry tells of happened: in a fork, in the run it was taken from. */
function when(entry: Entry, payload: JsonObject): string {
  return textOf(objectOf(payload.taken)?.at) || entry.at;
}

function halt(state: RunState, status: RunStatus, at: string): void {
  state.status = status;
  state.halted_at = state.halted_at ?? at;
}

function goOn(state: RunState, at: string): void {
  if (state.halted_at !== null) state.idle_s += seconds(state.halted_at, at);
  state.status = "running";
  state.halted_at = null;
  state.reason = "";
}

function end(state: RunState, status: RunStatus, at: string): void {
  state.status = status;
  state.ended_at = at;
  for (const action of state.actions.values()) {
    // Nobody heard the end of it: what it cost is unknown.
    state.unpriced ||=
      action.type === "model_call" &&
      action.status === "running" &&
      action.provider !== "rehearsal";
    if (["running", "retrying", "waiting", "uncertain"].includes(action.status)) {
      action.status = "cancelled";
      action.ended_at = action.ended_at ?? at;
    }
  }
  state.open_questions = [];
}

function seconds(from: string, to: string): number {
  return (microseconds(to) - microseconds(from)) / 1e6;
}

/** A journal's times have six decimals, which Date cuts to three. */
function microseconds(at: string): number {
  return Date.parse(at) * 1000 + Number(at.slice(23, 26).replace("Z", "") || 0);
}
