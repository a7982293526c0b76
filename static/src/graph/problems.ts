/** What is wrong with a document, and which node or edge shows it. */

export type Severity = "error" | "warning" | "advice";

/** As the server sends it: `path` is dotted (`roles.lead.model`), `handoff` an index. */
export type Problem = {
  path: string;
  message: string;
  severity: Severity;
  value?: string | null;
  allowed?: string[] | null;
  role?: string | null;
  handoff?: number | null;
};

export type Tally = { severity: Severity; count: number; messages: string[] };

const RANK: Record<Severity, number> = { error: 0, warning: 1, advice: 2 };

/** Worst first; the order within one severity is kept. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

/** What a node or edge shows, advice left out (it is listed, not marked), or undefined for none. */
export function tally(problems: readonly Problem[]): Tally | undefined {
  const marked = problems.filter((problem) => problem.severity !== "advice");
  const [first] = sortProblems(marked);
  if (!first) return undefined;
  return {
    severity: first.severity,
    count: marked.length,
    messages: marked.map((problem) => problem.message),
  };
}

export function problemsOfRole(problems: readonly Problem[], role: string): Problem[] {
  return problems.filter((problem) => problem.role === role && problem.handoff == null);
}

export function problemsOfHandoff(problems: readonly Problem[], index: number): Problem[] {
  return problems.filter((problem) => problem.handoff === index);
}
