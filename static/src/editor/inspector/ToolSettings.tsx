import type { ToolInfo } from "../../api/catalog";
import type { Json, ToolChoice, ToolUse } from "../../graph/document";
import { SelectField } from "../fields/choice";
import { NumberField } from "../fields/text";
import { withFilled } from "../model/crew";
import { toolChoice, withToolField } from "../model/tools";
import { changeRole } from "./editing";
import { SchemaForm } from "./SchemaForm";

type Props = {
  role: string;
  tool: ToolInfo;
  use: ToolUse;
  path: string;
  disabled: boolean;
};

/** What a role says of a tool that it lists: approval, how often, and the tool's own options. */
export function ToolSettings({ role, tool, use, path, disabled }: Props) {
  const said = toolChoice(use);
  const needed = Array.isArray(tool.options_schema.required) && tool.options_schema.required.length;
  const set = <K extends keyof ToolChoice>(field: K, value: ToolChoice[K] | undefined) =>
    changeRole(role, `tools.${tool.name}.${field}`, (body) => ({
      ...body,
      tools: withToolField(body.tools ?? [], tool.name, field, value),
    }));
  const setOption = (key: string, value: Json | undefined) =>
    set("options", withFilled(said.options ?? {}, key, value));
  return (
    <details className="ed-tool-settings" open={Boolean(needed) || typeof use !== "string"}>
      <summary>
        {summary(said, tool)}
        <span className="sr-only"> of {tool.title || tool.name}</span>
      </summary>
      <div className="ed-tool-fields">
        <SchemaForm
          schema={tool.options_schema}
          value={said.options ?? {}}
          path={`${path}.options`}
          disabled={disabled}
          change={setOption}
        />
        <div className="ed-pair">
          <SelectField
            label="Approval"
            path={`${path}.approval`}
            value={said.approval ?? ""}
            choices={[
              {
                value: "",
                label: tool.approval === "always" ? "Usual: each call" : "Usual: none",
              },
              { value: "always", label: "Each call" },
              { value: "never", label: "None" },
            ]}
            disabled={disabled}
            change={(value) => set("approval", value === "" ? undefined : (value as "always"))}
          />
          <NumberField
            label="Calls a minute"
            path={`${path}.per_minute`}
            whole
            min={1}
            max={6000}
            placeholder="any"
            value={said.per_minute}
            disabled={disabled}
            change={(value) => set("per_minute", value)}
          />
        </div>
      </div>
    </details>
  );
}

/** What is said, in a line: nobody need open it to know. */
function summary(said: ToolChoice, tool: ToolInfo): string {
  const parts = [];
  const approval = said.approval ?? tool.approval;
  if (approval === "always") parts.push("a person approves each call");
  if (said.per_minute) parts.push(`at most ${said.per_minute} a minute`);
  const options = Object.keys(said.options ?? {}).length;
  if (options > 0) parts.push(options === 1 ? "1 option set" : `${options} options set`);
  return parts.length > 0 ? `Settings: ${parts.join(", ")}` : "Settings";
}
