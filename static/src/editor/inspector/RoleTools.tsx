import type { ToolInfo } from "../../api/catalog";
import { toolName } from "../../graph/document";
import { CheckField, ListField } from "../fields/choice";
import { Section } from "../fields/Field";
import { FieldProblems, useProblemsAt } from "../fields/problems";
import { currentPattern, useEditor } from "../store/editor";
import { setRole } from "./editing";
import type { RoleProps } from "./RoleInspector";

/** The tools of a role. A tool asks for a capability; without it, the reason and the remedy show. */
export function RoleTools({ name, role }: RoleProps) {
  const catalog = useEditor((state) => state.catalog);
  const pattern = useEditor(currentPattern);
  const disabled = !useEditor((state) => state.mayChange);
  const problems = useProblemsAt(`roles.${name}.tools`, true);
  const implicit = pattern?.implicit_tools?.[role.seat] ?? [];
  const chosen = role.tools ?? [];
  const capabilities = role.capabilities ?? [];
  const offered = catalog.tools.filter((tool) => !implicit.includes(tool.name));
  const names = chosen.map(toolName);
  const unknown = names.filter((tool) => !catalog.tools.some((known) => known.name === tool));
  const known = [...new Set(catalog.tools.flatMap((tool) => tool.capability ?? []))];
  const set = (tool: string, on: boolean) =>
    setRole(name, "tools", on ? [...chosen, tool] : chosen.filter((use) => toolName(use) !== tool));
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
      <fieldset className="ed-ticks" data-path={`roles.${name}.tools`}>
        <legend className="field-label">Tools</legend>
        {implicit.map((tool) => (
          <CheckField
            key={tool}
            label={tool}
            hint={`Every ${role.seat} of this pattern has it.`}
            path={`roles.${name}.tools.${tool}`}
            checked
            disabled
            change={() => {}}
          />
        ))}
        {offered.map((tool) => (
          <Tool
            key={tool.name}
            tool={tool}
            path={`roles.${name}.tools.${tool.name}`}
            checked={names.includes(tool.name)}
            capabilities={capabilities}
            disabled={disabled}
            change={(on) => set(tool.name, on)}
            grant={(capability) => setRole(name, "capabilities", [...capabilities, capability])}
          />
        ))}
        {unknown.map((tool) => (
          <CheckField
            key={tool}
            label={tool}
            hint="This installation has no such tool."
            path={`roles.${name}.tools.${tool}`}
            checked
            disabled={disabled}
            change={() => set(tool, false)}
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
  tool: ToolInfo;
  path: string;
  checked: boolean;
  capabilities: readonly string[];
  disabled: boolean;
  change(on: boolean): void;
  grant(capability: string): void;
};

function Tool({ tool, path, checked, capabilities, disabled, change, grant }: ToolProps) {
  const lacking =
    tool.capability && !capabilities.includes(tool.capability) ? tool.capability : null;
  const what = `${tool.description}${tool.needs_sandbox ? " Runs in a sandbox." : ""}`;
  return (
    <div>
      <CheckField
        label={tool.title || tool.name}
        hint={lacking ? `Needs the capability ${lacking}.` : what}
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
    </div>
  );
}
