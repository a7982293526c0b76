import { type KeyboardEvent, useId, useState } from "react";
import { Icon } from "../../graph/icons";
import { Field } from "./Field";

export type Choice = { value: string; label: string };

type SelectProps = {
  label: string;
  path: string;
  hint?: string;
  value: string;
  choices: readonly Choice[];
  change(value: string): void;
  disabled?: boolean;
};

/** A choice; a value that is not among the choices is shown too, so that nothing changes in silence. */
export function SelectField({ value, choices, change, disabled, ...field }: SelectProps) {
  const known = choices.some((choice) => choice.value === value);
  return (
    <Field {...field}>
      {(control) => (
        <select
          {...control}
          className="select"
          value={value}
          disabled={disabled}
          onChange={(event) => change(event.target.value)}
        >
          {!known && (
            <option value={value}>{value ? `${value} (not available)` : "Choose…"}</option>
          )}
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

type CheckProps = {
  label: string;
  path: string;
  hint?: string;
  checked: boolean;
  change(checked: boolean): void;
  disabled?: boolean;
};

export function CheckField({ label, path, hint, checked, change, disabled }: CheckProps) {
  const id = useId();
  return (
    <div className="ed-check">
      <input
        id={id}
        type="checkbox"
        className="checkbox checkbox-sm"
        data-path={path}
        checked={checked}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => change(event.target.checked)}
      />
      <span>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <span className="hint" id={`${id}-hint`}>
            {hint}
          </span>
        )}
      </span>
    </div>
  );
}

type ListProps = {
  label: string;
  path: string;
  hint?: string;
  values: readonly string[];
  suggestions?: readonly string[];
  change(values: string[]): void;
  placeholder?: string;
  disabled?: boolean;
};

/** A list of short texts: Enter or a comma adds one, its button takes it away. */
export function ListField({
  values,
  suggestions = [],
  change,
  placeholder,
  disabled,
  ...field
}: ListProps) {
  const [draft, setDraft] = useState("");
  const listId = useId();
  const add = () => {
    const text = draft.trim();
    if (text && !values.includes(text)) change([...values, text]);
    setDraft("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" || event.key === ",") {
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && draft === "" && values.length > 0) {
      change(values.slice(0, -1));
    }
  };
  const offered = suggestions.filter((text) => !values.includes(text));
  return (
    <Field {...field} whole>
      {(control) => (
        <div className="ed-list">
          {values.map((text) => (
            <span className="tag" key={text}>
              <span>{text}</span>
              {!disabled && (
                <button
                  type="button"
                  aria-label={`Remove ${text}`}
                  onClick={() => change(values.filter((other) => other !== text))}
                >
                  <Icon name="close" size={12} />
                </button>
              )}
            </span>
          ))}
          <input
            {...control}
            className="ed-list-input"
            value={draft}
            disabled={disabled}
            placeholder={placeholder ?? "Add…"}
            list={offered.length > 0 ? listId : undefined}
            onChange={(event) => setDraft(event.target.value)}
            onKeyDown={onKeyDown}
            onBlur={add}
          />
          {offered.length > 0 && (
            <datalist id={listId}>
              {offered.map((text) => (
                <option key={text} value={text} />
              ))}
            </datalist>
          )}
        </div>
      )}
    </Field>
  );
}
