/** What files there are: in the sandboxes, and those that went along with handoffs. */

import { isObject, type JsonObject, numberOf, objectOf, textOf } from "../journal/entry";
import type { ActionState, RunState } from "../journal/fold";

/** `came`: another role's handoff brought it, `by` is that role. */
export type KeptFile = {
  path: string;
  size: number;
  sha256: string;
  by: string;
  came: boolean;
  at: string;
};
export type Workspace = {
  name: string;
  files: KeptFile[];
  /** Path and reason of what is not kept. */
  left: [string, string][];
  /** Whether a change was too long to be listed in the journal. */
  more: boolean;
};
export type Artifact = KeptFile & { action: string; from: string; to: string; placed: string };
/** A pattern of a contract that no file fitted. */
export type Missing = { action: string; from: string; to: string; pattern: string };

/** The workspaces by name, each with its files as they were kept last. */
export function workspacesOf(state: RunState): Workspace[] {
  const looks: { version: number; action: ActionState; told: JsonObject }[] = [];
  for (const action of state.actions.values()) {
    // What a model answered may hold anything; these are the engine's own.
    if (action.type !== "tool_call" && action.type !== "state_write") continue;
    const told = objectOf(objectOf(action.output)?.workspace);
    if (told) looks.push({ version: numberOf(told.version), action, told });
  }
  looks.sort((a, b) => a.version - b.version);
  const spaces = new Map<
    string,
    { files: Map<string, KeptFile>; last: JsonObject; more: boolean }
  >();
  for (const { action, told } of looks) {
    const name = textOf(told.name);
    const space = spaces.get(name) ?? { files: new Map(), last: told, more: false };
    spaces.set(name, space);
    space.last = told;
    space.more ||= numberOf(told.more_files) > 0;
    for (const file of listed(told.files)) apply(space.files, file, action);
  }
  return [...spaces.entries()]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, { files, last, more }]) => ({
      name,
      files: [...files.values()].sort((a, b) => a.path.localeCompare(b.path)),
      left: pairs(last.not_kept),
      more,
    }));
}

function apply(files: Map<string, KeptFile>, file: JsonObject, action: ActionState): void {
  const path = textOf(file.path);
  if (file.change === "removed") {
    files.delete(path);
    return;
  }
  const source = action.type === "state_write" ? textOf(objectOf(action.input)?.from) : "";
  files.set(path, {
    path,
    size: numberOf(file.size),
    sha256: textOf(file.sha256),
    by: source || action.agent,
    came: source !== "",
    at: action.ended_at ?? "",
  });
}

/** The files that went along with handoffs, and the patterns that none fitted, in order. */
export function handedOver(state: RunState): { artifacts: Artifact[]; missing: Missing[] } {
  const artifacts: Artifact[] = [];
  const missing: Missing[] = [];
  for (const action of state.actions.values()) {
    const output = action.type === "handoff" ? objectOf(action.output) : null;
    if (!output) continue;
    const input = objectOf(action.input);
    const ends = { action: action.id, from: textOf(input?.from), to: textOf(input?.to) };
    for (const file of listed(output.artifacts)) {
      artifacts.push({
        ...ends,
        path: textOf(file.path),
        placed: textOf(file.placed) || textOf(file.path),
        size: numberOf(file.size),
        sha256: textOf(file.sha256),
        by: ends.from,
        came: true,
        at: action.ended_at ?? "",
      });
    }
    const patterns = Array.isArray(output.missing) ? output.missing : [];
    for (const pattern of patterns) missing.push({ ...ends, pattern: textOf(pattern) });
  }
  return { artifacts, missing };
}

function listed(files: unknown): JsonObject[] {
  return Array.isArray(files) ? files.filter(isObject) : [];
}

function pairs(value: unknown): [string, string][] {
  const rows = Array.isArray(value) ? value.filter(Array.isArray) : [];
  return rows.map((row) => [textOf(row[0]), textOf(row[1])]);
}

/** Whether a name is that of a picture that a browser may draw. */
export function isPicture(path: string): boolean {
  return /\.(png|jpe?g|gif|webp)$/i.test(path);
}

/** `8 B`, `1.2 kB`, `3.4 MB`. */
export function bytes(size: number): string {
  if (size < 1000) return `${size} B`;
  const units = ["kB", "MB", "GB"];
  let value = size / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
