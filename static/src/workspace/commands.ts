/** What was run in the sandboxes, and what it changed there. */

import { isObject, type Json, type JsonObject, numberOf, objectOf, textOf } from "../journal/entry";
import type { ActionState, RunState } from "../journal/fold";

export type Change = { path: string; change: "added" | "modified" | "removed"; size: number };

/** One thing that was done in a sandbox: a program, or a tool that changed files. */
export type Command = {
  action: ActionState;
  workspace: string;
  /** The command line, the program, or what the tool did. */
  line: string;
  /** Whether the line is one for a shell. */
  typed: boolean;
  stdout: string;
  stderr: string;
  /** How it ended, where it did otherwise than well. */
  ending: string;
  changes: Change[];
  /** Changed files that are not listed. */
  more: number;
};

/** The name of a role's workspace, as runs/engine/workspace.py gives it. */
export function workspaceOf(state: RunState, agent: string): string {
  const inside = agent.includes("/") ? agent.slice(0, agent.lastIndexOf("/")) : "";
  const shared = textOf(objectOf(roleOf(state, agent)?.sandbox)?.shared);
  if (!shared) return `role-${agent}`;
  return inside ? `shared-${inside}/${shared}` : `shared-${shared}`;
}

/** The roles that the journal's document has in a workspace. */
export function rolesIn(state: RunState, workspace: string): string[] {
  return agentsOf(state).filter((agent) => workspaceOf(state, agent) === workspace);
}

/** `Coder`, or `desk (shared by Coder, Tester)`. */
export function titleOfWorkspace(
  state: RunState,
  workspace: string,
  name: (role: string) => string,
): string {
  if (!workspace.startsWith("shared-")) return name(workspace.replace(/^role-/, ""));
  const roles = rolesIn(state, workspace).map(name).join(", ");
  return `${workspace.replace(/^shared-/, "")}${roles ? ` (shared by ${roles})` : ""}`;
}

/** The commands of a run, in the order in which they began. */
export function commandsOf(state: RunState): Command[] {
  const found: Command[] = [];
  for (const action of state.actions.values()) {
    const line = lineOf(action);
    const told = objectOf(objectOf(action.output)?.workspace);
    if (line === null && !told) continue;
    found.push({
      action,
      workspace: textOf(told?.name) || workspaceOf(state, action.agent),
      line: line ?? action.name,
      typed: action.name === "shell" || Array.isArray(objectOf(action.input)?.argv),
      ...printed(action),
      ending: endingOf(action),
      changes: changesOf(told),
      more: numberOf(told?.more_files),
    });
  }
  return found;
}

/** What is run, as it would be typed; null for an action that runs nothing. */
function lineOf(action: ActionState): string | null {
  const input = objectOf(action.input);
  if (action.type === "state_write" && action.name === "deliver files") {
    const files = Array.isArray(input?.files) ? input.files.length : 0;
    return `${files} ${files === 1 ? "file" : "files"} from ${textOf(input?.from)}`;
  }
  if (action.type !== "tool_call" || !input || objectOf(action.output)?.refused) return null;
  if (Array.isArray(input.argv)) return input.argv.map(quoted).join(" ");
  if (typeof input.source === "string") return input.source.trim();
  if (action.name === "shell") return textOf(input.command);
  if (action.name === "run_python") return textOf(input.code).trim();
  if (action.name === "run_checks") {
    const checks = Array.isArray(input.checks) ? input.checks.map(textOf) : ["all checks"];
    return `${checks.join(", ")} on ${textOf(input.path) || "."}`;
  }
  return action.name === "write_file" ? `write ${textOf(input.path)}` : null;
}

function quoted(part: Json): string {
  const text = textOf(part);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function printed(action: ActionState): { stdout: string; stderr: string } {
  const output = objectOf(action.output);
  const checks = objectOf(output?.checks);
  if (checks) {
    const told = Object.entries(checks).map(([name, one]) =>
      [`${name}: ${objectOf(one)?.passed ? "passed" : "failed"}`, textOf(objectOf(one)?.output)]
        .filter(Boolean)
        .join("\n"),
    );
    return { stdout: told.join("\n"), stderr: "" };
  }
  return { stdout: textOf(output?.stdout), stderr: textOf(output?.stderr) };
}

function endingOf(action: ActionState): string {
  if (action.error) return textOf(action.error.message) || "failed";
  const output = objectOf(action.output);
  if (output?.timed_out) return "stopped: it ran out of time";
  if (output?.oom) return "stopped: it ran out of memory";
  if (typeof output?.process === "string") return "it goes on in the background";
  const code = output?.exit_code;
  return typeof code === "number" && code !== 0 ? `exit code ${code}` : "";
}

export function changesOf(told: JsonObject | null): Change[] {
  const files = Array.isArray(told?.files) ? told.files.filter(isObject) : [];
  return files.map((file) => ({
    path: textOf(file.path),
    change: textOf(file.change) as Change["change"],
    size: numberOf(file.size),
  }));
}

function roleOf(state: RunState, agent: string): JsonObject | null {
  const inside = agent.includes("/") ? agent.slice(0, agent.lastIndexOf("/")) : "";
  const crew = inside ? objectOf(objectOf(state.started?.crews)?.[inside]) : state.started;
  const roles = objectOf(objectOf(crew?.document)?.roles);
  return objectOf(roles?.[agent.slice(inside ? inside.length + 1 : 0)]);
}

function agentsOf(state: RunState): string[] {
  const own = Object.keys(objectOf(objectOf(state.started?.document)?.roles) ?? {});
  const crews = Object.entries(objectOf(state.started?.crews) ?? {});
  const inner = crews.flatMap(([path, crew]) =>
    Object.keys(objectOf(objectOf(objectOf(crew)?.document)?.roles) ?? {}).map(
      (role) => `${path}/${role}`,
    ),
  );
  return [...own, ...inner];
}
