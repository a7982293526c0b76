/** The ways that a pattern takes between its seats without anybody drawing them. */

import type { CrewDocument } from "./document";
import { slotId } from "./seats";

/** From seat to seat, by pattern; patterns whose ways are drawn (or that use a bus) have none. */
const WAYS: { [pattern: string]: readonly (readonly [string, string])[] } = {
  hierarchical: [["orchestrator", "worker"]],
  plan: [["planner", "worker"]],
  route: [
    ["router", "specialist"],
    ["router", "general"],
  ],
  parallel: [
    ["router", "specialist"],
    ["specialist", "merger"],
  ],
  debate: [
    ["proposer", "critic"],
    ["critic", "proposer"],
    ["critic", "synthesizer"],
  ],
  review: [
    ["producer", "reviewer"],
    ["reviewer", "producer"],
  ],
};

export type Pair = { from: string; to: string };

/** Pairs of node ids; empty seats take part by their slot. A drawn handoff replaces its pair. */
export function impliedPairs(document: CrewDocument, emptySeats: readonly string[] = []): Pair[] {
  const inSeat = (seat: string): string[] => {
    const roles = Object.keys(document.roles).filter((name) => document.roles[name]?.seat === seat);
    return emptySeats.includes(seat) ? [...roles, slotId(seat)] : roles;
  };
  const drawn = new Set((document.handoffs ?? []).map(({ from, to }) => `${from}>${to}`));
  return (WAYS[document.pattern.name] ?? [])
    .flatMap(([source, target]) =>
      inSeat(source).flatMap((from) => inSeat(target).map((to) => ({ from, to }))),
    )
    .filter(({ from, to }) => from !== to && !drawn.has(`${from}>${to}`));
}
