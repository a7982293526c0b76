import { useEffect, useRef, useState } from "react";
import type { Json } from "../../graph/document";
import type { CodeMount } from "./codemirror";
import { Field } from "./Field";

export type Language = "text" | "python" | "json" | "yaml" | "javascript" | "shell";

type CodeModule = typeof import("./codemirror");
let loaded: CodeModule | null = null;

type Props = {
  label: string;
  path: string;
  hint?: string;
  language: Language;
  value: string;
  change(value: string): void;
  rows?: number;
  disabled?: boolean;
  placeholder?: string;
  fault?: string | null;
  whole?: boolean;
};

/**
 * A field for longer text. It is a plain text area until CodeMirror has arrived, and stays one
 * while somebody types in it.
 */
export function CodeField({
  language,
  value,
  change,
  rows = 8,
  disabled,
  placeholder,
  ...field
}: Props) {
  const [module, setModule] = useState<CodeModule | null>(loaded);
  const area = useRef<HTMLTextAreaElement>(null);
  const [arrived, setArrived] = useState(false);
  useEffect(() => {
    if (loaded) return;
    let gone = false;
    import("./codemirror").then(
      (it) => {
        loaded = it;
        if (gone) return;
        if (document.activeElement === area.current) setArrived(true);
        else setModule(it);
      },
      // Without it the text area does the work.
      () => {},
    );
    return () => {
      gone = true;
    };
  }, []);
  return (
    <Field {...field}>
      {(control) =>
        module && !disabled ? (
          <CodeBox
            module={module}
            name={field.label}
            control={control}
            {...{ language, value, change, rows }}
            placeholder={placeholder ?? ""}
          />
        ) : (
          <textarea
            {...control}
            ref={area}
            className="textarea ed-code"
            rows={rows}
            value={value}
            placeholder={placeholder}
            disabled={disabled}
            spellCheck={language === "text"}
            onChange={(event) => change(event.target.value)}
            onBlur={() => arrived && setModule(loaded)}
          />
        )
      }
    </Field>
  );
}

type BoxProps = {
  module: CodeModule;
  name: string;
  control: {
    id: string;
    "data-path": string;
    "aria-invalid": boolean;
    "aria-describedby": string | undefined;
  };
  language: Language;
  value: string;
  change(value: string): void;
  rows: number;
  placeholder: string;
};

function CodeBox({ module, name, control, language, value, change, rows, placeholder }: BoxProps) {
  const place = useRef<HTMLDivElement>(null);
  const mount = useRef<CodeMount | null>(null);
  const latest = useRef(change);
  latest.current = change;
  const first = useRef(value);
  const { id, "data-path": path } = control;
  useEffect(() => {
    if (!place.current) return;
    const made = module.mountCode(place.current, {
      text: first.current,
      language,
      placeholder,
      attributes: { id, "data-path": path, "aria-label": name },
      change: (text) => latest.current(text),
    });
    mount.current = made;
    return () => {
      first.current = made.text();
      made.destroy();
    };
  }, [module, language, placeholder, id, path, name]);
  useEffect(() => mount.current?.setText(value), [value]);
  return (
    <div
      ref={place}
      className="ed-codebox"
      data-invalid={control["aria-invalid"] || undefined}
      style={{ minHeight: `${rows * 1.25}rem` }}
    />
  );
}

/** Any JSON as text; what does not parse stays here and says why. */
export function JsonField({
  value,
  change,
  ...field
}: Omit<Props, "language" | "value" | "change" | "fault"> & {
  value: Json | undefined;
  change(value: Json | undefined): void;
}) {
  const [draft, setDraft] = useState<{ text: string; fault: string } | null>(null);
  const text = draft?.text ?? (value === undefined ? "" : JSON.stringify(value, null, 2));
  const accept = (typed: string) => {
    if (typed.trim() === "") {
      setDraft({ text: typed, fault: "" });
      change(undefined);
      return;
    }
    try {
      const parsed: Json = JSON.parse(typed);
      setDraft({ text: typed, fault: "" });
      change(parsed);
    } catch (error) {
      setDraft({ text: typed, fault: `This is not JSON yet: ${(error as Error).message}` });
    }
  };
  return (
    <CodeField
      {...field}
      language="json"
      value={text}
      change={accept}
      fault={draft?.fault || null}
      whole
    />
  );
}
