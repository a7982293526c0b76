import { type ReactNode, useId } from "react";
import { FieldProblems, useProblemsAt } from "./problems";

/** What a control is given so that it is named, described and found by the path of a problem. */
export type ControlProps = {
  id: string;
  "data-path": string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
};

type Props = {
  label: string;
  path: string;
  hint?: ReactNode;
  /** Also show the problems below the path. */
  whole?: boolean;
  /** A fault that only the control knows of, such as text that is no number. */
  fault?: string | null;
  children(control: ControlProps): ReactNode;
};

export function Field({ label, path, hint, whole = false, fault = null, children }: Props) {
  const id = useId();
  const problems = useProblemsAt(path, whole);
  const shown = fault
    ? [{ path, message: fault, severity: "error" as const }, ...problems]
    : problems;
  const described = [hint ? `${id}-hint` : "", shown.length > 0 ? `${id}-problems` : ""]
    .filter(Boolean)
    .join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        "data-path": path,
        "aria-invalid": shown.some((problem) => problem.severity === "error"),
        "aria-describedby": described || undefined,
      })}
      {hint && (
        <div className="hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      <FieldProblems id={`${id}-problems`} problems={shown} />
    </div>
  );
}

/** A part of the inspector that can be folded away. */
export function Section({
  title,
  note,
  open = true,
  children,
}: {
  title: string;
  note?: ReactNode;
  open?: boolean;
  children: ReactNode;
}) {
  return (
    <details className="ed-section" open={open}>
      <summary>
        <span>{title}</span>
        {note && <span className="hint">{note}</span>}
      </summary>
      <div className="ed-section-body">{children}</div>
    </details>
  );
}
