import { useState } from "react";
import type { ToolInfo } from "../../api/catalog";
import { type ToolUse, toolName } from "../../graph/document";
import { CheckField, ListField } from "../fields/choice";
import { Section } from "../fields/Field";
import { FieldProblems, useProblemsAt } from "../fields/problems";
import { toolMatches, withTool } from "../model/tools";
import { currentPattern, useEditor } from "../store/editor";
import { setRole } from "./editing";
import type { RoleProps } from "./RoleInspector";
import { ToolSettings } from "./ToolSettings";

/** From so many tools on, there is a field to look for one. */
const MANY = 8;

/** The tools of a role. A tool asks for a capability; without it, the reason and the remedy show. */
export function RoleTools({ name, role }: RoleProps) {
  const catalog = useEditor((state) => state.catalog);
  const pattern = useEditor(currentPattern);
  const disabled = !useEditor((state) => state.mayChange);
  const path = `roles.${name}.tools`;
  const problems = useProblemsAt(path);
  const [search, setSearch] = useState("");
  const implicit = pattern?.implicit_tools?.[role.seat] ?? [];
  const chosen = role.tools ?? [];
  const capabilities = role.capabilities ?? [];
  const place = new Map(chosen.map((use, index) => [toolName(use), index]));
  const offered = catalog.tools.filter((tool) => !implicit.includes(tool.name));
  const shown = offered.filter((tool) => place.has(tool.name) || toolMatches(tool, search));
  const unknown = [...place.keys()].filter(
    (tool) => !implicit.includes(tool) && !offered.some((known) => known.name === tool),
  );
  const known = [...new Set(catalog.tools.flatMap((tool) => tool.capability ?? []))];
  const set = (tool: string, on: boolean) => setRole(name, "tools", withTool(chosen, tool, on));
  return (
    <Section title="Tools and capabilities" note={note(chosen.length + implicit.length)}>
      <ListField
        label="Capabilities"
        path={`roles.${name}.capabilities`}
        hint="What the role may do. Some tools need one."
        suggestions={known}
        values={capabilities}
        disabled={disabled}
        change={(values) => setRole(name, "capabilities", values)}
      />
      <fieldset className="ed-ticks" data-path={path}>
        <legend className="field-label">Tools</legend>
        {offered.length > MANY && (
          <input
            type="search"
            className="input"
            aria-label="Look for a tool"
            placeholder={`Look among ${offered.length} tools`}
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        )}
        {implicit.map((tool) => (
          <CheckField
            key={tool}
            label={tool}
            hint={`Every ${role.seat} of this pattern has it.`}
            path={`${path}.${tool}`}
            checked
            disabled
            change={() => {}}
          />
        ))}
        {shown.map((tool) => (
          <Tool
            key={tool.name}
            role={name}
            tool={tool}
            use={chosen[place.get(tool.name) ?? -1]}
            path={`${path}.${place.get(tool.name) ?? tool.name}`}
            capabilities={capabilities}
            disabled={disabled}
            change={(on) => set(tool.name, on)}
            grant={(capability) => setRole(name, "capabilities", [...capabilities, capability])}
          />
        ))}
        {shown.length === 0 && <p className="hint">No tool has these words.</p>}
        {unknown.map((tool) => (
          <Unknown
            key={tool}
            name={tool}
            path={`${path}.${place.get(tool)}`}
            disabled={disabled}
            remove={() => set(tool, false)}
          />
        ))}
      </fieldset>
      <FieldProblems id={`tools-${name}`} problems={problems} />
    </Section>
  );
}

function note(count: number): string {
  if (count === 0) return "none";
  return count === 1 ? "1 tool" : `${count} tools`;
}

type ToolProps = {
  role: string;
  tool: ToolInfo;
  /** How the role lists it, if it does. */
  use: ToolUse | undefined;
  path: string;
  capabilities: readonly string[];
  disabled: boolean;
  change(on: boolean): void;
  grant(capability: string): void;
};

function Tool({ role, tool, use, path, capabilities, disabled, change, grant }: ToolProps) {
  const problems = useProblemsAt(path);
  const checked = use !== undefined;
  const lacking =
    tool.capability && !capabilities.includes(tool.capability) ? tool.capability : null;
  return (
    <div className="ed-tool">
      <CheckField
        label={tool.title || tool.name}
        hint={lacking ? `Needs the capability ${lacking}.` : described(tool)}
        path={path}
        checked={checked}
        // What is ticked can always be unticked.
        disabled={disabled || (lacking !== null && !checked)}
        change={change}
      />
      {lacking && !disabled && (
        <button
          type="button"
          className="btn btn-quiet btn-sm ed-grant"
          onClick={() => grant(lacking)}
        >
          Give it {lacking}
        </button>
      )}
      <FieldProblems id={`${path}-problems`} problems={problems} />
      {use !== undefined && (
        <ToolSettings role={role} tool={tool} use={use} path={path} disabled={disabled} />
      )}
    </div>
  );
}

/** What a tool does, where, and by what right; of a long text only the beginning. */
function described(tool: ToolInfo): string {
  const text = tool.description;
  const parts = [text.length > 300 ? `${text.slice(0, 300)}…` : text];
  if (tool.needs_sandbox) parts.push("Runs in a sandbox.");
  if (tool.capability) parts.push(`By the capability ${tool.capability}.`);
  if (tool.name.startsWith("mcp.")) parts.push(`As ${tool.name}, from a server of the team.`);
  return parts.join(" ");
}

type UnknownProps = { name: string; path: string; disabled: boolean; remove(): void };

function Unknown({ name, path, disabled, remove }: UnknownProps) {
  const problems = useProblemsAt(path);
  const hint = name.startsWith("mcp.")
    ? "The team has no such tool. Look in the settings, under Tools."
    : "This installation has no such tool.";
  return (
    <div className="ed-tool">
      <CheckField
        label={name}
        hint={hint}
        path={path}
        checked
        disabled={disabled}
        change={remove}
      />
      <FieldProblems id={`${path}-problems`} problems={problems} />
    </div>
  );
}
