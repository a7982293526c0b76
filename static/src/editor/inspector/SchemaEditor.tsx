import { useId, useState } from "react";
import type { JsonSchema } from "../../graph/document";
import { Icon } from "../../graph/icons";
import { ListField } from "../fields/choice";
import { JsonField } from "../fields/code";
import { FieldProblems, useProblemsAt } from "../fields/problems";
import {
  FIELD_TYPES,
  type FieldType,
  newField,
  type SchemaField,
  schemaOf,
  tableOf,
  withChoices,
  withDescription,
  withType,
} from "../model/schemaTable";

type Props = {
  label: string;
  path: string;
  hint?: string;
  schema: JsonSchema | undefined;
  change(schema: JsonSchema | undefined): void;
  disabled?: boolean;
};

/** A payload's schema as a table of fields, or as JSON when the table cannot say it. */
export function SchemaEditor({ label, path, hint, schema, change, disabled = false }: Props) {
  const [raw, setRaw] = useState(false);
  const fields = tableOf(schema);
  const id = useId();
  const asJson = raw || fields === null;
  return (
    <div className="ed-schema" data-path={path}>
      <div className="ed-schema-head">
        <span className="field-label" id={id}>
          {label}
        </span>
        <button
          type="button"
          className="btn btn-quiet btn-sm"
          aria-pressed={asJson}
          disabled={fields === null}
          title={fields === null ? "This schema says more than the table can show" : undefined}
          onClick={() => setRaw(!raw)}
        >
          JSON Schema
        </button>
      </div>
      {hint && <p className="hint">{hint}</p>}
      {asJson ? (
        <JsonField
          label={`${label}, as JSON Schema`}
          path={path}
          rows={8}
          rich
          value={schema}
          disabled={disabled}
          change={(next) => change(next as JsonSchema | undefined)}
        />
      ) : (
        <Table
          {...{ label, path, fields, disabled }}
          change={(next) => change(schemaOf(next, schema))}
        />
      )}
    </div>
  );
}

type TableProps = {
  label: string;
  path: string;
  fields: SchemaField[];
  disabled: boolean;
  change(fields: SchemaField[]): void;
};

function Table({ label, path, fields, disabled, change }: TableProps) {
  const problems = useProblemsAt(path, true);
  const put = (index: number, field: SchemaField) =>
    change(fields.map((other, n) => (n === index ? field : other)));
  return (
    <>
      {fields.length > 0 && (
        <ul className="ed-rows" aria-label={label}>
          {fields.map((field, index) => (
            <Row
              // By place: a name changes while it is typed.
              // biome-ignore lint/suspicious/noArrayIndexKey: rows are not reordered
              key={index}
              field={field}
              path={`${path}.properties.${field.name}`}
              taken={fields.filter((other) => other !== field).map((other) => other.name)}
              disabled={disabled}
              change={(next) => put(index, next)}
              remove={() => change(fields.filter((_, n) => n !== index))}
            />
          ))}
        </ul>
      )}
      <button
        type="button"
        className="btn btn-sm"
        disabled={disabled}
        onClick={() => change([...fields, newField(fields)])}
      >
        <Icon name="plus" size={14} /> Add a field
      </button>
      <FieldProblems id={`${path}-problems`} problems={problems} />
    </>
  );
}

type RowProps = {
  field: SchemaField;
  path: string;
  taken: string[];
  disabled: boolean;
  change(field: SchemaField): void;
  remove(): void;
};

function Row({ field, path, taken, disabled, change, remove }: RowProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const clash = typed !== null && (typed.trim() === "" || taken.includes(typed));
  return (
    <li className="ed-row">
      <input
        className="input input-sm mono"
        aria-label="Field name"
        data-path={path}
        aria-invalid={clash}
        value={typed ?? field.name}
        disabled={disabled}
        onChange={(event) => {
          const name = event.target.value;
          setTyped(name);
          if (name.trim() && !taken.includes(name)) change({ ...field, name });
        }}
        onBlur={() => setTyped(null)}
      />
      <select
        className="select select-sm"
        aria-label={`Type of ${field.name}`}
        value={field.type}
        disabled={disabled}
        onChange={(event) => change(withType(field, event.target.value as FieldType))}
      >
        {field.type === "other" && <option value="other">see JSON</option>}
        {FIELD_TYPES.map((type) => (
          <option key={type}>{type}</option>
        ))}
      </select>
      <button
        type="button"
        className="btn btn-quiet btn-sm btn-square"
        aria-label={`Remove field ${field.name}`}
        disabled={disabled}
        onClick={remove}
      >
        <Icon name="close" size={14} />
      </button>
      <input
        className="input input-sm ed-row-words"
        aria-label={`Description of ${field.name}`}
        placeholder="What it means"
        value={field.description}
        disabled={disabled}
        onChange={(event) => change(withDescription(field, event.target.value))}
      />
      <label className="field-check">
        <input
          type="checkbox"
          className="checkbox checkbox-xs"
          checked={field.required}
          disabled={disabled}
          aria-label={`${field.name} is needed`}
          onChange={(event) => change({ ...field, required: event.target.checked })}
        />
        needed
      </label>
      {field.type === "choice" && (
        <div className="ed-row-choices">
          <ListField
            label={`Choices of ${field.name}`}
            path={`${path}.enum`}
            values={field.choices}
            disabled={disabled}
            change={(choices) => change(withChoices(field, choices))}
          />
        </div>
      )}
    </li>
  );
}
