/** The rows of the feed: what happened, in the order in which it began. */

import {
  type Entry,
  isObject,
  type Json,
  type JsonObject,
  type Kind,
  objectOf,
  textOf,
} from "./entry";
import type { ActionState, RunState } from "./fold";

export type ActionRow = { kind: "action"; seq: number; action: ActionState; depth: number };
/** What happened to the run as a whole: paused, resumed, cancelled, decided. */
export type EventRow = { kind: "event"; seq: number; entry: Entry };
export type Row = ActionRow | EventRow;

const EVENTS: readonly Kind[] = ["run.paused", "run.resumed", "run.cancelled", "decision.made"];

export function isEvent(entry: Entry): boolean {
  return EVENTS.includes(entry.kind);
}

/** What Markdown puts around words: headings, emphasis, the rules of tables. */
const MARKS = /^#{1,6} |\*\*|`|\|[-:| ]*/gm;

const WORDS: { [type: string]: string } = {
  ask: "asked",
  model_call: "model",
  tool_call: "tool",
  delegation: "delegates",
  handoff: "hands over",
  escalation: "asks a person",
  state_write: "writes state",
};

/**
 * One row per action and event, in order; an ask that its delegation already tells is left out.
 * With a role, only what that role did.
 */
export function feedRows(
  state: RunState,
  events: readonly Entry[] = [],
  role: string | null = null,
): Row[] {
  const rows = actionRows(state, role);
  if (role !== null) return rows;
  const told = events.filter((entry) => entry.seq <= state.seq);
  if (told.length === 0) return rows;
  const extra = told.map((entry): Row => ({ kind: "event", seq: entry.seq, entry }));
  return [...rows, ...extra].sort((a, b) => a.seq - b.seq);
}

function actionRows(state: RunState, role: string | null): Row[] {
  const depths = new Map<string, number>();
  const rows: Row[] = [];
  for (const action of state.actions.values()) {
    const parent = action.parent === null ? undefined : state.actions.get(action.parent);
    const above = parent ? (depths.get(parent.id) ?? 0) : -1;
    const hidden =
      (parent?.type === "delegation" && tellsNothingNew(action)) || isToldByHandoff(action);
    const depth = hidden ? above : above + 1;
    depths.set(action.id, depth);
    if (!hidden && (role === null || action.agent === role)) {
      rows.push({ kind: "action", seq: action.seq, action, depth: role === null ? depth : 0 });
    }
  }
  return rows;
}

/** Below a delegation: the worker's being asked, and its handing back without any contract. */
function tellsNothingNew(action: ActionState): boolean {
  if (action.type === "ask") return true;
  const output = objectOf(action.output);
  return (
    action.type === "handoff" &&
    action.status === "finished" &&
    output?.confidence == null &&
    output?.passed !== false &&
    !output?.artifacts
  );
}

/** How a handoff's files were moved, which the handoff itself tells once it went well. */
function isToldByHandoff(action: ActionState): boolean {
  const moves = action.name === "collect files" || action.name === "deliver files";
  return action.type === "state_write" && moves && action.status === "finished";
}

/** What kind of thing it is, as a word: `model`, `tool`, `delegates`, `checkpoint`, … */
export function wordOf(action: ActionState): string {
  if (action.type === "") return "(erased)";
  return WORDS[action.type] ?? action.type.replaceAll("_", " ");
}

/** What it is about, in a few words: the model, the tool, the worker. */
export function subjectOf(action: ActionState): string {
  const input = objectOf(action.input);
  switch (action.type) {
    case "ask":
    case "escalation":
      return "";
    case "model_call":
      return action.model || action.name;
    case "delegation":
    case "handoff":
      return textOf(input?.to) || action.name;
    default:
      return action.name;
  }
}

/** Whether a model stopped because it had no tokens left for its answer. */
export function isCutShort(action: ActionState): boolean {
  return action.type === "model_call" && objectOf(action.output)?.stop === "max_tokens";
}

/** The text that a row shows below its head: the result where there is one, else what it was given. */
export function excerptOf(action: ActionState): string {
  const output = objectOf(action.output);
  switch (action.type) {
    case "ask":
      return givenOf(objectOf(action.input)) || brief(objectOf(action.input)?.task);
    case "delegation":
      return brief(objectOf(action.input)?.task);
    case "model_call":
      return readable(textOf(output?.text)).replace(MARKS, "").trim() || toolCallsOf(output);
    case "tool_call":
      return toolExcerpt(action, output);
    case "handoff":
      return output ? verdictOf(output) : "";
    case "escalation":
      return textOf(action.question?.question) || textOf(objectOf(action.input)?.question);
    default:
      return brief(action.output) || brief(action.input);
  }
}

/** Shell-like results show what was printed, others their text. */
function toolExcerpt(action: ActionState, output: JsonObject | null): string {
  if (action.output === null) return argumentsOf(objectOf(action.input));
  const code = output?.exit_code;
  const printed = readable(textOf(output?.stdout)) || textOf(output?.stderr).trim();
  if (typeof code === "number")
    return `${code === 0 ? "" : `exit ${code} · `}${printed || "no output"}`;
  return printed || readable(textOf(output?.text)) || brief(action.output);
}

/** What others produced before, the last of it. */
function givenOf(input: JsonObject | null): string {
  const given = Array.isArray(input?.given) ? objectOf(input.given.at(-1)) : null;
  if (!given) return "";
  const payload = objectOf(given.payload);
  return `given by ${textOf(given.from)}: ${payload ? argumentsOf(payload) : brief(given.payload)}`;
}

/** Text as it is, but a JSON object in the form `name: value, …`. */
function readable(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{")) return trimmed;
  try {
    return argumentsOf(objectOf(JSON.parse(trimmed)));
  } catch {
    return trimmed;
  }
}

function verdictOf(output: JsonObject): string {
  const parts = [output.valid === false ? "invalid" : "valid"];
  if (typeof output.confidence === "number") parts.push(`confidence ${output.confidence}`);
  if (output.passed === false) parts.push("not passed on");
  if (textOf(output.reason)) parts.push(textOf(output.reason));
  const files = Array.isArray(output.artifacts) ? output.artifacts.length : 0;
  if (files > 0) parts.push(`${files} ${files === 1 ? "file" : "files"} along`);
  const missing = Array.isArray(output.missing) ? output.missing.map(textOf) : [];
  if (missing.length > 0) parts.push(`no file fits ${missing.join(", ")}`);
  return parts.join(" · ");
}

function toolCallsOf(output: JsonObject | null): string {
  const calls = Array.isArray(output?.tool_calls) ? output.tool_calls : [];
  return calls
    .filter(isObject)
    .map((call) => `→ ${textOf(call.name)}(${argumentsOf(objectOf(call.arguments))})`)
    .join("\n");
}

/** `agent_name: coder, task: Convert the figures…` */
function argumentsOf(given: JsonObject | null): string {
  return Object.entries(given ?? {})
    .map(
      ([name, value]) =>
        `${name}: ${shortened(typeof value === "object" ? JSON.stringify(value) : String(value))}`,
    )
    .join(", ");
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

/** A value in one short text: its own text, `name: value, …`, or compact JSON. */
export function brief(value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value.trim();
  const object = objectOf(value);
  const inner = textOf(object?.text) || textOf(object?.task);
  if (inner && Object.keys(object ?? {}).length === 1) return inner;
  if (object) return argumentsOf(object);
  return Array.isArray(value) && value.length === 0 ? "" : JSON.stringify(value).slice(0, 2000);
}

/** Whether the failure was already told by an action below: it is shown there, and named here. */
export function failsBelow(state: RunState): Set<string> {
  const above = new Set<string>();
  for (const action of state.actions.values()) {
    if (action.error && action.parent !== null) {
      const parent = state.actions.get(action.parent);
      if (parent?.error && parent.error.message === action.error.message) above.add(parent.id);
    }
  }
  return above;
}
