import { createContext, type ReactNode, useContext } from "react";
import { Icon } from "../../graph/icons";
import type { Problem } from "../../graph/problems";

const Problems = createContext<readonly Problem[]>([]);
export const ProblemsProvider = Problems.Provider;

export function useProblems(): readonly Problem[] {
  return useContext(Problems);
}

/** Problems of a field: at its path, or below it where the field holds a whole part. */
export function useProblemsAt(path: string, whole = false): readonly Problem[] {
  return useProblems().filter(
    (problem) => problem.path === path || (whole && problem.path.startsWith(`${path}.`)),
  );
}

/** A problem's words: what is wrong, what stood there, what is allowed. */
export function ProblemText({ problem }: { problem: Problem }): ReactNode {
  const allowed = problem.allowed ?? [];
  return (
    <>
      {problem.message}
      {allowed.length > 0 && !problem.message.includes(allowed[0] ?? "") && (
        <> Allowed: {allowed.join(", ")}.</>
      )}
    </>
  );
}

export function FieldProblems({ id, problems }: { id: string; problems: readonly Problem[] }) {
  if (problems.length === 0) return null;
  return (
    <ul className="ed-field-problems" id={id}>
      {problems.map((problem) => (
        <li key={`${problem.path} ${problem.message}`} data-severity={problem.severity}>
          <Icon name={problem.severity} size={14} />
          <span>
            <ProblemText problem={problem} />
          </span>
        </li>
      ))}
    </ul>
  );
}
