import type { Json, JsonSchema } from "../../graph/document";
import { titleOf } from "../../graph/document";
import { CheckField, ListField, SelectField } from "../fields/choice";
import { JsonField } from "../fields/code";
import { AreaField, NumberField, TextField } from "../fields/text";
import { useEditor } from "../store/editor";

type Value = { [key: string]: Json };

/** A form made from an object's JSON Schema: a pattern's options, or the task of a crew. */
export function SchemaForm({
  schema,
  value,
  path,
  change,
  disabled = false,
}: {
  schema: JsonSchema;
  value: Value;
  path: string;
  change(key: string, value: Json | undefined): void;
  disabled?: boolean;
}) {
  const properties = record(schema.properties);
  const required = Array.isArray(schema.required) ? schema.required : [];
  return (
    <>
      {Object.entries(properties).map(([key, own]) => (
        <SchemaControl
          key={key}
          name={key}
          schema={record(own)}
          required={required.includes(key)}
          value={value[key]}
          path={path ? `${path}.${key}` : key}
          disabled={disabled}
          change={(next) => change(key, next)}
        />
      ))}
    </>
  );
}

type ControlProps = {
  name: string;
  schema: JsonSchema;
  required: boolean;
  value: Json | undefined;
  path: string;
  disabled: boolean;
  change(value: Json | undefined): void;
};

function SchemaControl({ name, schema, required, value, path, disabled, change }: ControlProps) {
  const label = `${text(schema.title) || titleOf(name, undefined)}${required ? " (needed)" : ""}`;
  const hint = text(schema.description);
  const common = { label, path, disabled, ...(hint ? { hint } : {}) };
  const standard = schema.default;
  if (Array.isArray(schema.enum)) {
    const choices = schema.enum.map((choice) => ({ value: String(choice), label: words(choice) }));
    const picked = (chosen: string) =>
      change((schema.enum as Json[]).find((choice) => String(choice) === chosen));
    const shown = value ?? standard ?? "";
    return <SelectField {...common} value={String(shown)} choices={choices} change={picked} />;
  }
  switch (schema.type) {
    case "boolean":
      return <CheckField {...common} checked={Boolean(value ?? standard)} change={change} />;
    case "integer":
    case "number":
      return (
        <NumberField
          {...common}
          whole={schema.type === "integer"}
          {...bounds(schema)}
          value={typeof value === "number" ? value : undefined}
          placeholder={standard === undefined ? "" : String(standard)}
          change={change}
        />
      );
    case "string":
      return <TextControl {...common} schema={schema} value={value} change={change} />;
    case "array":
      if (record(schema.items).type === "string") {
        return <ListControl {...common} schema={schema} value={value} change={change} />;
      }
  }
  return <JsonField {...common} rows={4} value={value} change={change} />;
}

type PartProps = {
  label: string;
  hint?: string;
  path: string;
  disabled: boolean;
  schema: JsonSchema;
  value: Json | undefined;
  change(value: Json | undefined): void;
};

function TextControl({ schema, value, change, ...common }: PartProps) {
  const roles = useRoleChoices();
  const shown = typeof value === "string" ? value : "";
  const set = (typed: string) => change(typed === "" ? undefined : typed);
  if (schema.format === "role") {
    return <SelectField {...common} value={shown} choices={roles} change={set} />;
  }
  const placeholder = text(schema.default);
  const long = typeof schema.maxLength !== "number" || schema.maxLength > 200;
  const Control = long && !placeholder ? AreaField : TextField;
  return <Control {...common} value={shown} placeholder={placeholder} change={set} />;
}

/** A list of texts; of the crew's roles, boxes to tick. */
function ListControl({ schema, value, change, ...common }: PartProps) {
  const roles = useRoleChoices();
  const values = Array.isArray(value) ? value.map(String) : [];
  const set = (next: string[]) => change(next.length > 0 ? next : undefined);
  if (record(schema.items).format !== "role") {
    return <ListField {...common} values={values} change={set} />;
  }
  const known = roles.map((role) => role.value);
  const lost = values.filter((name) => !known.includes(name));
  const all = [...roles, ...lost.map((name) => ({ value: name, label: `${name} (no such role)` }))];
  return (
    <fieldset className="ed-ticks" data-path={common.path}>
      <legend className="field-label">{common.label}</legend>
      {common.hint && <p className="hint">{common.hint}</p>}
      {all.map((role) => (
        <CheckField
          key={role.value}
          label={role.label}
          path={`${common.path}.${role.value}`}
          checked={values.includes(role.value)}
          disabled={common.disabled}
          change={(on) =>
            set(on ? [...values, role.value] : values.filter((name) => name !== role.value))
          }
        />
      ))}
    </fieldset>
  );
}

function useRoleChoices() {
  const roles = useEditor((state) => state.document.roles);
  return Object.entries(roles).map(([name, role]) => ({ value: name, label: titleOf(name, role) }));
}

function bounds(schema: JsonSchema): { min?: number; max?: number } {
  return {
    ...(typeof schema.minimum === "number" ? { min: schema.minimum } : {}),
    ...(typeof schema.maximum === "number" ? { max: schema.maximum } : {}),
  };
}

function words(choice: Json): string {
  return String(choice).replaceAll("_", " ");
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function record(value: Json | undefined): JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
