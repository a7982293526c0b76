/** Where nodes stand: the document's own layout, and a drawing by dagre for what has none. */

import dagre from "@dagrejs/dagre";
import type { CrewDocument, Point } from "./document";
import { bounds, freePlace, GRID, NODE_HEIGHT, NODE_WIDTH, snap } from "./geometry";
import { impliedPairs, type Pair } from "./implied";
import { emptySeats, type Seat, slotId } from "./seats";

type Places = { [id: string]: Point };

/** A hub with more leaves than this has them on both sides, so that they stay on one screen. */
const ONE_SIDE = 5;
/** Between columns there is room for the marks of a contract. */
const ACROSS = GRID * 9;
/** With the height of a node a whole number of grid steps, so that rows stay even. */
const BETWEEN = GRID * 8 - NODE_HEIGHT;

/**
 * Places for every role and every empty seat.
 *
 * A document without a layout is drawn afresh; a role that lacks a place gets one beside the
 * others and never on top of them.
 */
export function places(document: CrewDocument, seats: readonly Seat[] = []): Places {
  const known = document.layout ?? {};
  const roles = Object.keys(document.roles);
  const slots = emptySeats(document, seats).map((slot) => slotId(slot.seat));
  if (roles.every((name) => !known[name])) return arranged(document, seats);
  const result: Places = {};
  for (const name of roles) {
    const at = known[name];
    if (at) result[name] = at;
  }
  for (const id of [...roles.filter((name) => !known[name]), ...slots]) {
    result[id] = freePlace(beside(Object.values(result)), Object.values(result));
  }
  return result;
}

/** To the right of everything, at the height of its middle. */
export function beside(taken: readonly Point[]): Point {
  const box = bounds(taken);
  if (!box) return { x: 0, y: 0 };
  return snap({
    x: box.x + box.width + GRID * 4,
    y: box.y + (box.height - NODE_HEIGHT) / 2,
  });
}

/** A fresh drawing, left to right, of roles and empty seats. */
export function arranged(document: CrewDocument, seats: readonly Seat[] = []): Places {
  const empty = emptySeats(document, seats).map((slot) => slot.seat);
  const ids = [...Object.keys(document.roles), ...empty.map(slotId)];
  const pairs = [...(document.handoffs ?? []), ...impliedPairs(document, empty)].filter(
    ({ from, to }) => ids.includes(from) && ids.includes(to),
  );
  const hub = hubOf(ids, pairs);
  return hub !== null && ids.length - 1 > ONE_SIDE ? star(hub, ids) : layered(ids, pairs);
}

/** The one node that all others are joined to, and to nothing else; or null. */
function hubOf(ids: readonly string[], pairs: readonly Pair[]): string | null {
  const hub = ids.find(
    (id) => pairs.length > 0 && pairs.every((it) => it.from === id || it.to === id),
  );
  if (hub === undefined) return null;
  const joined = new Set(pairs.flatMap(({ from, to }) => [from, to]));
  return joined.size === ids.length ? hub : null;
}

/** The hub in the middle, its leaves in two columns: first the right one, from the top. */
function star(hub: string, ids: readonly string[]): Places {
  const leaves = ids.filter((id) => id !== hub);
  const onRight = Math.ceil(leaves.length / 2);
  const across = NODE_WIDTH + ACROSS;
  const result: Places = { [hub]: { x: across, y: 0 } };
  leaves.forEach((id, n) => {
    const right = n < onRight;
    const row = right ? n : n - onRight;
    const rows = right ? onRight : leaves.length - onRight;
    const y = (row - (rows - 1) / 2) * (NODE_HEIGHT + BETWEEN);
    result[id] = snap({ x: right ? across * 2 : 0, y });
  });
  return result;
}

/** Ranks from left to right, by dagre. */
function layered(ids: readonly string[], pairs: readonly Pair[]): Places {
  const drawing = new dagre.graphlib.Graph<object>();
  drawing.setGraph({ rankdir: "LR", nodesep: BETWEEN, ranksep: ACROSS });
  drawing.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) drawing.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { from, to } of pairs) drawing.setEdge(from, to);
  dagre.layout(drawing);
  const result: Places = {};
  for (const id of ids) {
    const { x, y } = drawing.node(id) as unknown as Point;
    result[id] = snap({ x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 });
  }
  return result;
}
