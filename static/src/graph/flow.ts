/**
 * From a crew document to nodes and edges: pure, the same for the editor and the run canvas.
 *
 * The shapes fit @xyflow/react, which is not imported here.
 */

import {
  type CrewDocument,
  engineOf,
  type Handoff,
  kindOf,
  type Point,
  type RoleKind,
  titleOf,
} from "./document";
import { NODE_HEIGHT, NODE_WIDTH } from "./geometry";
import { impliedPairs } from "./implied";
import { type Problem, problemsOfHandoff, problemsOfRole, type Tally, tally } from "./problems";
import { type EmptySeat, emptySeats, type Seat, slotId } from "./seats";

export type RunState = "idle" | "running" | "waiting" | "done" | "failed";

export type RoleNodeData = {
  name: string;
  title: string;
  seat: string;
  kind: RoleKind;
  engine: string;
  tools: number;
  /** Runs code of its own in a container. */
  sandboxed: boolean;
  problem?: Tally | undefined;
  /** On the run canvas: what the role is doing, and figures that replace the tools line. */
  state?: RunState;
  detail?: string;
  /** Whether handoffs can be drawn from and to it. */
  connectable: boolean;
};

export type EdgeMarks = {
  schema: boolean;
  confidence?: number;
  gate?: string;
  artifacts: number;
};

export type HandoffEdgeData = {
  /** The titles of its ends. */
  from: string;
  to: string;
  /** Index in `handoffs`, or null for an edge that the pattern implies. */
  index: number | null;
  marks: EdgeMarks;
  /** 0 alone, 1 and -1 beside an edge that goes the other way. */
  lane: -1 | 0 | 1;
  problem?: Tally | undefined;
  /** On the run canvas: something passes here now, or has passed. */
  lit?: "active" | "done";
};

type Box<Kind extends string, Data> = {
  id: string;
  type: Kind;
  position: Point;
  width: number;
  height: number;
  data: Data;
};
export type GraphRole = Box<"role", RoleNodeData>;
export type GraphSlot = Box<"slot", EmptySeat>;
export type GraphNode = GraphRole | GraphSlot;
export type GraphEdge = {
  id: string;
  type: "handoff";
  source: string;
  target: string;
  data: HandoffEdgeData;
};
export type Graph = { nodes: GraphNode[]; edges: GraphEdge[] };

export type GraphOptions = {
  /** Places of all nodes, from `layout.places`. */
  places: { [id: string]: Point };
  /** The pattern's seats, where empty ones are to be shown. */
  seats?: readonly Seat[];
  problems?: readonly Problem[];
  states?: { [role: string]: RunState };
  details?: { [role: string]: string };
  /** By edge id, see `handoffIds` and `impliedId`. */
  lit?: { [edge: string]: "active" | "done" };
  connectable?: boolean;
};

export function impliedId(from: string, to: string): string {
  return `implied:${from}>${to}`;
}

/** One id per handoff, stable while others come and go; a second one of the same pair gets `#2`. */
export function handoffIds(handoffs: readonly Handoff[]): string[] {
  const seen = new Map<string, number>();
  return handoffs.map(({ from, to }) => {
    const pair = `handoff:${from}>${to}`;
    const times = (seen.get(pair) ?? 0) + 1;
    seen.set(pair, times);
    return times === 1 ? pair : `${pair}#${times}`;
  });
}

export function documentToGraph(document: CrewDocument, options: GraphOptions): Graph {
  const slots = emptySeats(document, options.seats ?? []);
  const nodes: GraphNode[] = [
    ...Object.keys(document.roles).map((name) => roleNode(document, name, options)),
    ...slots.map((slot) => slotNode(slot, options)),
  ];
  const edges = [...impliedEdges(document, slots, options), ...drawnEdges(document, options)];
  return { nodes, edges: edges.map((edge) => inLane(edge, edges)) };
}

/** Of two edges that join the same nodes, the two ways, each has a lane of its own. */
function inLane(edge: GraphEdge, all: readonly GraphEdge[]): GraphEdge {
  const back = all.some((other) => other.source === edge.target && other.target === edge.source);
  if (!back) return edge;
  return { ...edge, data: { ...edge.data, lane: edge.source < edge.target ? 1 : -1 } };
}

function roleNode(document: CrewDocument, name: string, options: GraphOptions): GraphRole {
  const role = document.roles[name];
  if (!role) throw new Error(`no role ${name}`);
  const kind = kindOf(role);
  const state = options.states?.[name];
  const detail = options.details?.[name];
  return {
    id: name,
    type: "role",
    position: options.places[name] ?? { x: 0, y: 0 },
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    data: {
      name,
      title: titleOf(name, role),
      seat: role.seat,
      kind,
      engine: engineOf(role),
      tools: role.tools?.length ?? 0,
      sandboxed: kind === "code" || kind === "command" || role.sandbox !== undefined,
      problem: tally(problemsOfRole(options.problems ?? [], name)),
      connectable: options.connectable ?? false,
      ...(state ? { state } : {}),
      ...(detail ? { detail } : {}),
    },
  };
}

function slotNode(slot: EmptySeat, options: GraphOptions): GraphSlot {
  const id = slotId(slot.seat);
  return {
    id,
    type: "slot",
    position: options.places[id] ?? { x: 0, y: 0 },
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    data: slot,
  };
}

function drawnEdges(document: CrewDocument, options: GraphOptions): GraphEdge[] {
  const handoffs = document.handoffs ?? [];
  const ids = handoffIds(handoffs);
  // An unfinished draft may speak of roles that are not there; the problems list says so.
  const both = ({ from, to }: Handoff) => from in document.roles && to in document.roles;
  return handoffs.flatMap((handoff, index) => {
    if (!both(handoff)) return [];
    const id = ids[index] as string;
    return {
      id,
      type: "handoff" as const,
      source: handoff.from,
      target: handoff.to,
      data: {
        from: titleOf(handoff.from, document.roles[handoff.from]),
        to: titleOf(handoff.to, document.roles[handoff.to]),
        index,
        marks: marksOf(handoff),
        lane: 0,
        problem: tally(problemsOfHandoff(options.problems ?? [], index)),
        ...litOf(options, id),
      },
    };
  });
}

function impliedEdges(
  document: CrewDocument,
  slots: readonly EmptySeat[],
  options: GraphOptions,
): GraphEdge[] {
  const title = (id: string) =>
    slots.find((slot) => slotId(slot.seat) === id)?.title ?? titleOf(id, document.roles[id]);
  return impliedPairs(
    document,
    slots.map((slot) => slot.seat),
  ).map(({ from, to }) => {
    const id = impliedId(from, to);
    return {
      id,
      type: "handoff",
      source: from,
      target: to,
      data: {
        from: title(from),
        to: title(to),
        index: null,
        marks: { schema: false, artifacts: 0 },
        lane: 0,
        ...litOf(options, id),
      },
    };
  });
}

function litOf(options: GraphOptions, id: string): { lit?: "active" | "done" } {
  const lit = options.lit?.[id];
  return lit ? { lit } : {};
}

export function marksOf(handoff: Handoff): EdgeMarks {
  const gate = handoff.when;
  return {
    schema: handoff.schema !== undefined,
    artifacts: handoff.artifacts?.length ?? 0,
    ...(handoff.required_confidence === undefined
      ? {}
      : { confidence: handoff.required_confidence }),
    ...(gate ? { gate: `${gate.field} = ${JSON.stringify(gate.equals ?? true)}` } : {}),
  };
}
