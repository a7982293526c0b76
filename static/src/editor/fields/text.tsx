import { useState } from "react";
import type { Json } from "../../graph/document";
import { same } from "../model/differences";
import { Field } from "./Field";

type Common = {
  label: string;
  path: string;
  hint?: string;
  placeholder?: string;
  disabled?: boolean;
};

type TextProps = Common & { value: string; change(value: string): void };

export function TextField({ value, change, placeholder, disabled, ...field }: TextProps) {
  return (
    <Field {...field}>
      {(control) => (
        <input
          {...control}
          className="input"
          value={value}
          placeholder={placeholder}
          disabled={disabled}
          onChange={(event) => change(event.target.value)}
        />
      )}
    </Field>
  );
}

type AreaProps = TextProps & {
  rows?: number;
  mono?: boolean;
  whole?: boolean;
  fault?: string | null;
};

/** Text of several lines; the field grows with it. */
export function AreaField({
  value,
  change,
  placeholder,
  disabled,
  rows = 3,
  mono = false,
  ...field
}: AreaProps) {
  return (
    <Field {...field}>
      {(control) => (
        <textarea
          {...control}
          className={mono ? "textarea ed-area ed-code" : "textarea ed-area"}
          rows={rows}
          style={{ minHeight: `${rows * 1.25 + 0.875}rem` }}
          spellCheck={!mono}
          value={value}
          placeholder={placeholder}
          disabled={disabled}
          onChange={(event) => change(event.target.value)}
        />
      )}
    </Field>
  );
}

/**
 * Text that only counts when it is right: kept here while it is not, with the reason.
 *
 * `parse` returns the value, or a string that says what is wrong.
 */
export function ParsedField<T>({
  value,
  shown,
  parse,
  change,
  commit = "typing",
  inputMode,
  suffix,
  placeholder,
  disabled,
  ...field
}: Common & {
  value: T;
  shown(value: T): string;
  parse(text: string): { value: T } | { fault: string };
  change(value: T): void;
  /** When a right value is passed on: as it is typed, or when the field is left. */
  commit?: "typing" | "leaving";
  inputMode?: "decimal" | "numeric";
  suffix?: string;
}) {
  const [typed, setTyped] = useState<{ text: string; value: T } | null>(null);
  // A value that changed from outside, as by undo, counts more than what was typed.
  const draft = typed && same(typed.value as Json, value as Json) ? typed.text : null;
  const parsed = draft === null ? null : parse(draft);
  const fault = parsed && "fault" in parsed ? parsed.fault : null;
  const pass = (text: string) => {
    const result = parse(text);
    if ("value" in result) change(result.value);
  };
  const type = (text: string) => {
    const result = parse(text);
    const passed = commit === "typing" && "value" in result;
    setTyped({ text, value: passed ? result.value : value });
    if (passed) change(result.value);
  };
  return (
    <Field {...field} fault={fault}>
      {(control) => (
        <span className="ed-suffixed">
          <input
            {...control}
            className="input"
            value={draft ?? shown(value)}
            inputMode={inputMode}
            placeholder={placeholder}
            disabled={disabled}
            onChange={(event) => type(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && draft !== null) pass(draft);
              if (event.key === "Escape") setTyped(null);
            }}
            onBlur={() => {
              if (draft !== null && commit === "leaving") pass(draft);
              if (fault === null) setTyped(null);
            }}
          />
          {suffix && <span className="hint">{suffix}</span>}
        </span>
      )}
    </Field>
  );
}

type NumberProps = Common & {
  value: number | undefined;
  change(value: number | undefined): void;
  min?: number;
  max?: number;
  whole?: boolean;
  suffix?: string;
};

/** A number, or nothing; nothing means the default, which the placeholder names. */
export function NumberField({ min, max, whole = false, ...props }: NumberProps) {
  const parse = (text: string): { value: number | undefined } | { fault: string } => {
    if (text.trim() === "") return { value: undefined };
    const value = Number(text);
    if (!Number.isFinite(value)) return { fault: "Write a number." };
    if (whole && !Number.isInteger(value)) return { fault: "Write a whole number." };
    if (min !== undefined && value < min) return { fault: `At least ${min}.` };
    if (max !== undefined && value > max) return { fault: `At most ${max}.` };
    return { value };
  };
  return (
    <ParsedField
      {...props}
      shown={(value) => (value === undefined ? "" : String(value))}
      parse={parse}
      inputMode={whole ? "numeric" : "decimal"}
    />
  );
}

/** Money is decimal in text, so it is never read as a float. */
export function MoneyField(
  props: Common & { value: string | undefined; change(value: string | undefined): void },
) {
  const parse = (text: string): { value: string | undefined } | { fault: string } => {
    const amount = text.trim();
    if (amount === "") return { value: undefined };
    if (!/^\d{1,6}(\.\d{1,6})?$/.test(amount)) return { fault: "Write dollars like 0.50." };
    return { value: amount };
  };
  return (
    <ParsedField
      {...props}
      shown={(value) => value ?? ""}
      parse={parse}
      inputMode="decimal"
      suffix="US$"
    />
  );
}
