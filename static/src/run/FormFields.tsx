import type { Draft, Field } from "./form";

type Props = {
  fields: readonly Field[];
  draft: Draft;
  onChange: (draft: Draft) => void;
  /** Makes the ids of the fields unique on the page. */
  prefix: string;
};

const WIDTH: { [kind: string]: string } = {
  check: "field-check",
  long: "field is-long",
  json: "field is-long",
};

/** The fields of a form from a schema, each with its name and hint. */
export function FormFields({ fields, draft, onChange, prefix }: Props) {
  return fields.map((field) => {
    const id = `${prefix}-${field.name || "value"}`;
    const set = (value: string | boolean) => onChange({ ...draft, [field.name]: value });
    return (
      <div key={id} className={WIDTH[field.kind] ?? "field"}>
        {field.kind === "check" && (
          <Control field={field} id={id} value={draft[field.name]} set={set} />
        )}
        <label htmlFor={id}>
          {field.title}{" "}
          {!field.required && field.kind !== "check" && <span className="quiet">(optional)</span>}
        </label>
        {field.kind !== "check" && (
          <Control field={field} id={id} value={draft[field.name]} set={set} />
        )}
        {field.hint && <div className="hint">{field.hint}</div>}
      </div>
    );
  });
}

type ControlProps = {
  field: Field;
  id: string;
  value: string | boolean | undefined;
  set: (value: string | boolean) => void;
};

function Control({ field, id, value, set }: ControlProps) {
  const text = typeof value === "string" ? value : "";
  switch (field.kind) {
    case "check":
      return (
        <input
          id={id}
          type="checkbox"
          className="checkbox"
          checked={value === true}
          onChange={(event) => set(event.target.checked)}
        />
      );
    case "choice":
      return (
        <select
          id={id}
          className="select"
          value={text}
          onChange={(event) => set(event.target.value)}
        >
          <option value="">Choose…</option>
          {field.choices.map((choice, n) => (
            <option key={JSON.stringify(choice)} value={n}>
              {typeof choice === "string" ? choice : JSON.stringify(choice)}
            </option>
          ))}
        </select>
      );
    case "long":
    case "json":
      return (
        <textarea
          id={id}
          className={field.kind === "json" ? "textarea mono" : "textarea"}
          value={text}
          rows={Math.min(16, Math.max(3, text.split("\n").length))}
          onChange={(event) => set(event.target.value)}
        />
      );
    default:
      return (
        <input
          id={id}
          className="input"
          inputMode={field.kind === "number" ? "decimal" : "text"}
          value={text}
          onChange={(event) => set(event.target.value)}
        />
      );
  }
}
