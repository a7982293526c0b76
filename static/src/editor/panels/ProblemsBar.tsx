import { useState } from "react";
import { handoffIds } from "../../graph/flow";
import { Icon } from "../../graph/icons";
import { type Problem, type Severity, sortProblems } from "../../graph/problems";
import { ProblemText, useProblems } from "../fields/problems";
import { select, useEditor } from "../store/editor";

/** What is wrong with the crew; each entry leads to its field. */
export function ProblemsBar() {
  const problems = sortProblems(useProblems());
  const [open, setOpen] = useState(false);
  const [worst] = problems;
  if (!worst) {
    return (
      <section className="ed-problems" aria-label="Problems" data-status="done">
        <p className="ed-problems-none">
          <Icon name="check" size={14} /> No problems
        </p>
      </section>
    );
  }
  return (
    <section className="ed-problems" aria-label="Problems">
      <button
        type="button"
        className="ed-problems-head"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <span className="ed-problems-counts">{counts(problems)}</span>
        {!open && (
          <span className="ed-problems-first" data-severity={worst.severity}>
            <Icon name={worst.severity} size={14} />
            <span>{worst.message}</span>
          </span>
        )}
        <Icon name={open ? "down" : "up"} size={14} />
      </button>
      {open && (
        <ul>
          {problems.map((problem) => (
            <li key={`${problem.path} ${problem.message}`}>
              <Entry problem={problem} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const WORDS: Record<Severity, [string, string]> = {
  error: ["error", "errors"],
  warning: ["warning", "warnings"],
  advice: ["suggestion", "suggestions"],
};

function counts(problems: readonly Problem[]): string {
  return (Object.keys(WORDS) as Severity[])
    .map((severity) => {
      const count = problems.filter((problem) => problem.severity === severity).length;
      return count === 0 ? "" : `${count} ${WORDS[severity][count === 1 ? 0 : 1]}`;
    })
    .filter(Boolean)
    .join(", ");
}

export function Entry({ problem }: { problem: Problem }) {
  return (
    <button type="button" className="ed-problem" onClick={() => goTo(problem)}>
      <span data-severity={problem.severity}>
        <Icon name={problem.severity} size={14} />
        <span className="sr-only">{WORDS[problem.severity][0]}:</span>
      </span>
      <span>
        <ProblemText problem={problem} />
      </span>
      {problem.path && <code>{problem.path}</code>}
    </button>
  );
}

/** Select what has the problem, and ask for its field to be focused. */
export function goTo(problem: Problem): void {
  const { document, undrawable, panel } = useEditor.getState();
  if (panel === "run" && problem.path.startsWith("task.")) {
    useEditor.setState({ wanted: { path: problem.path } });
    return;
  }
  if (problem.handoff != null) {
    select({ edges: [handoffIds(document.handoffs ?? [])[problem.handoff] ?? ""] });
  } else if (problem.role != null && problem.role in document.roles) {
    select({ nodes: [problem.role] });
  } else {
    select({});
  }
  if (undrawable === null) useEditor.setState({ wanted: { path: problem.path }, view: "canvas" });
}
