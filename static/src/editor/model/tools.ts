/** The tools that a role lists: pure edits of the list. */

import type { ToolChoice, ToolUse } from "../../graph/document";
import { toolName } from "../../graph/document";
import { withFilled } from "./crew";

/** Add a tool, or take it away with all that was said of it. */
export function withTool(uses: readonly ToolUse[], name: string, on: boolean): ToolUse[] {
  const others = uses.filter((use) => toolName(use) !== name);
  if (!on) return others;
  return others.length < uses.length ? [...uses] : [...uses, name];
}

/** Say something of a listed tool; one of which nothing is said is its name again. */
export function withToolField<K extends keyof ToolChoice>(
  uses: readonly ToolUse[],
  name: string,
  field: K,
  value: ToolChoice[K] | undefined,
): ToolUse[] {
  return uses.map((use) => {
    if (toolName(use) !== name) return use;
    const changed = withFilled(toolChoice(use), field, value);
    return Object.keys(changed).length === 1 ? changed.name : changed;
  });
}

/** What is said of a tool, its name at least. */
export function toolChoice(use: ToolUse): ToolChoice {
  return typeof use === "string" ? { name: use } : use;
}

/** Whether a tool is what somebody looks for: every word stands in its name, title or text. */
export function toolMatches(
  tool: { name: string; title: string; description: string },
  search: string,
): boolean {
  const text = `${tool.name} ${tool.title} ${tool.description}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
