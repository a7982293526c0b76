/** What can be seen to be wrong without asking the server, and problems kept in step with edits. */

import type { PatternInfo } from "../../api/catalog";
import type { CrewDocument } from "../../graph/document";
import type { Problem } from "../../graph/problems";

/** Checks that answer at once; the server's own check says everything else a moment later. */
export function localProblems(document: CrewDocument, pattern: PatternInfo | undefined): Problem[] {
  const problems: Problem[] = [];
  const add = (path: string, message: string, role?: string) =>
    problems.push({ path, message, severity: "error", ...(role ? { role } : {}) });
  if (!document.name.trim()) add("name", "Give the crew a name.");
  if (!pattern) return problems;
  const seats = new Map(pattern.seats.map((seat) => [seat.name, seat]));
  for (const [name, role] of Object.entries(document.roles)) {
    if (seats.has(role.seat)) continue;
    const known = [...seats.keys()].join(", ");
    add(
      `roles.${name}.seat`,
      `${pattern.title} has no seat “${role.seat}”; it has ${known}.`,
      name,
    );
  }
  for (const seat of pattern.seats) {
    const count = Object.values(document.roles).filter((role) => role.seat === seat.name).length;
    if (count < seat.min) {
      add(
        "roles",
        `The seat “${seat.name}” needs ${atLeast(seat.min, seat.max)} and has ${count || "none"}.`,
      );
    } else if (seat.max !== null && count > seat.max) {
      add("roles", `The seat “${seat.name}” takes ${seat.max} and has ${count}.`);
    }
  }
  return problems;
}

function atLeast(min: number, max: number | null): string {
  const roles = min === 1 ? "1 role" : `${min} roles`;
  return max === min ? roles : `at least ${roles}`;
}

/**
 * The server's problems, found in `checked`, moved to where the same handoffs stand in `current`.
 *
 * Roles are named, handoffs are counted: without this a deleted handoff would mark its neighbour.
 */
export function moved(
  problems: readonly Problem[],
  checked: CrewDocument | null,
  current: CrewDocument,
): Problem[] {
  if (checked === current || checked === null) return [...problems];
  return problems.flatMap((problem) => {
    if (problem.role != null && !(problem.role in current.roles)) return [];
    if (problem.handoff == null) return [problem];
    const edge = checked.handoffs?.[problem.handoff];
    const index = (current.handoffs ?? []).findIndex(
      ({ from, to }) => from === edge?.from && to === edge.to,
    );
    if (index < 0) return [];
    const path = problem.path.replace(/^handoffs\.\d+/, `handoffs.${index}`);
    return [{ ...problem, path, handoff: index }];
  });
}

/**
 * Both lists as one. Where both speak of a path the server has the word, except of the roles as a
 * whole: the check of seats says more than "roles is missing".
 */
export function allProblems(server: readonly Problem[], local: readonly Problem[]): Problem[] {
  const seats = local.some((problem) => problem.path === "roles");
  const kept = seats ? server.filter((problem) => problem.path !== "roles") : [...server];
  const said = new Set(kept.map((problem) => problem.path));
  return [...kept, ...local.filter((problem) => !said.has(problem.path))];
}
