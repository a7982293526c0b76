/**
 * How far the tasks of a run are: what was delegated, or where nobody delegates what each role was
 * asked. runs/progress.py says the same; the golden journals hold the two together.
 */

import { isObject, type Json, objectOf, textOf } from "./entry";
import { type ActionState, isFinal, type RunState } from "./fold";

export type TaskStatus = "queued" | "in_progress" | "completed" | "failed";

export type TaskProgress = {
  action: string | null;
  agent: string;
  by: string;
  task: string;
  status: TaskStatus;
  /** 0 to 100: of a task under way, the share of the steps known so far that have ended. */
  percent: number;
  output: Json;
  error: string;
};

const TASK_SHOWN = 300;
/** A task under way is never said to be nearer to its end. */
const NEARLY = 95;
const NEVER = "The run ended before.";

/** The tasks of a run in the order in which they began, then those that are queued. */
export function progressOf(state: RunState): TaskProgress[] {
  const actions = [...state.actions.values()];
  const steps = stepsOf(state);
  let begun = actions.filter((one) => one.type === "delegation");
  const delegates = begun.length > 0 || actions.some((one) => one.type === "plan");
  if (!delegates) {
    begun = actions.filter(
      (one) => one.type === "ask" && !above(state, one).some((other) => other.type === "ask"),
    );
  }
  const told = begun.map((action) => toldOf(action, steps.get(action.id) ?? [0, 0]));
  return [...told, ...(delegates ? planned(state, begun) : stages(state, begun))];
}

function toldOf(action: ActionState, [ended, known]: [number, number]): TaskProgress {
  const asked = objectOf(action.input);
  const output = objectOf(action.output);
  const soFar = Math.min(NEARLY, Math.floor((100 * ended) / (known + 1)));
  let status: TaskStatus = "in_progress";
  let percent = soFar;
  let error = "";
  if (action.status === "finished") {
    status = "completed";
    percent = 100;
    if (["skipped", "held back"].includes(textOf(output?.status))) {
      status = "failed";
      percent = soFar;
      error = textOf(output?.reason);
    }
  } else if (action.status === "failed") {
    status = "failed";
    error = textOf(action.error?.message);
  } else if (action.status === "cancelled") {
    status = "failed";
    error = NEVER;
  }
  const delegated = action.type === "delegation";
  return {
    action: action.id,
    agent: delegated ? textOf(asked?.to) : action.agent,
    by: delegated ? textOf(asked?.from) : "",
    task: taskText(asked?.task),
    status,
    percent,
    output: action.output,
    error,
  };
}

/** The subtasks of plans that have not begun. */
function planned(state: RunState, begun: readonly ActionState[]): TaskProgress[] {
  const ids = begun.map((one) => textOf(objectOf(one.input)?.id));
  const left: TaskProgress[] = [];
  for (const action of state.actions.values()) {
    const parts = objectOf(action.output)?.subtasks;
    if (action.type !== "plan" || !Array.isArray(parts)) continue;
    for (const part of parts.filter(isObject)) {
      const at = ids.indexOf(textOf(part.id) || textOf(part.worker));
      if (at >= 0) ids.splice(at, 1);
      else left.push(queued(state, textOf(part.worker), action.agent, taskText(part.task)));
    }
  }
  return left;
}

/** The stages of a pipeline that have not begun. */
function stages(state: RunState, begun: readonly ActionState[]): TaskProgress[] {
  const document = objectOf(state.started?.document);
  const edges = Array.isArray(document?.handoffs) ? document.handoffs.filter(isObject) : [];
  if (textOf(objectOf(document?.pattern)?.name) !== "pipeline") return [];
  const following = new Map(edges.map((edge) => [textOf(edge.from), textOf(edge.to)]));
  const left: TaskProgress[] = [];
  let stage = begun.at(-1)?.agent;
  const seen = new Set([stage]);
  while (stage !== undefined) {
    stage = following.get(stage);
    if (stage === undefined || seen.has(stage)) break;
    seen.add(stage);
    left.push(queued(state, stage, "", taskText(state.started?.task)));
  }
  return left;
}

function queued(state: RunState, agent: string, by: string, task: string): TaskProgress {
  const ended = isFinal(state.status);
  const status = ended ? "failed" : "queued";
  const error = ended ? NEVER : "";
  return { action: null, agent, by, task, status, percent: 0, output: null, error };
}

/** For each action, how many of those within it have ended, and how many there are. */
function stepsOf(state: RunState): Map<string, [number, number]> {
  const steps = new Map<string, [number, number]>();
  for (const action of state.actions.values()) {
    const ended = ["finished", "failed", "cancelled"].includes(action.status) ? 1 : 0;
    for (const one of above(state, action)) {
      const [done, known] = steps.get(one.id) ?? [0, 0];
      steps.set(one.id, [done + ended, known + 1]);
    }
  }
  return steps;
}

function above(state: RunState, action: ActionState): ActionState[] {
  const chain: ActionState[] = [];
  let one = action.parent === null ? undefined : state.actions.get(action.parent);
  while (one) {
    chain.push(one);
    one = one.parent === null ? undefined : state.actions.get(one.parent);
  }
  return chain;
}

/** The first characters as Python counts them: whole code points. */
function taskText(task: Json | undefined): string {
  const text = isObject(task) ? task.task : task;
  return typeof text === "string"
    ? [...text.slice(0, 2 * TASK_SHOWN)].slice(0, TASK_SHOWN).join("")
    : "";
}
