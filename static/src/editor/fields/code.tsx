import { useEffect, useRef, useState } from "react";
import type { Json } from "../../graph/document";
import { isEmpty } from "../model/crew";
import { same } from "../model/differences";
import type { CodeMount } from "./codemirror";
import { Field } from "./Field";
import { AreaField } from "./text";

export type Language = "python" | "json" | "yaml" | "javascript" | "shell";

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
            spellCheck={false}
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

type JsonProps = Omit<Props, "language" | "value" | "change" | "fault"> & {
  value: Json | undefined;
  change(value: Json | undefined): void;
  /** With CodeMirror, for JSON that is long. */
  rich?: boolean;
};
type JsonDraft = { text: string; fault: string | null; value: Json | undefined };

/** Any JSON as text; what does not parse stays here and says why. */
export function JsonField({ value, change, rich = false, ...field }: JsonProps) {
  const [typed, setTyped] = useState<JsonDraft | null>(null);
  // A value that changed from outside, as by undo, counts more than what was typed.
  const draft = typed && sameOrEmpty(typed.value, value) ? typed : null;
  const text = draft?.text ?? (value === undefined ? "" : JSON.stringify(value, null, 2));
  const accept = (text: string) => {
    const read = readJson(text);
    if ("fault" in read) {
      setTyped({ text, fault: `This is not JSON yet: ${read.fault}`, value });
      return;
    }
    setTyped({ text, fault: null, value: read.value });
    change(read.value);
  };
  const props = { ...field, value: text, change: accept, fault: draft?.fault ?? null, whole: true };
  return rich ? <CodeField {...props} language="json" /> : <AreaField {...props} mono />;
}

function readJson(text: string): { value: Json | undefined } | { fault: string } {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

/** Empty values are left out of documents, so they count as nothing here. */
function sameOrEmpty(a: Json | undefined, b: Json | undefined): boolean {
  return same(a, b) || (isEmpty(a) && isEmpty(b));
}
