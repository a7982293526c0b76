/** Where nodes stand: the document's own layout, and a drawing by dagre for what has none. */

import dagre from "@dagrejs/dagre";
import type { CrewDocument, Point } from "./document";
import { bounds, freePlace, GRID, NODE_HEIGHT, NODE_WIDTH, snap } from "./geometry";
import { impliedPairs } from "./implied";
import { emptySeats, type Seat, slotId } from "./seats";

type Places = { [id: string]: Point };

/** A column taller than this many nodes is split, so that a large crew stays on one screen. */
const COLUMN = 5;

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
  const drawing = new dagre.graphlib.Graph<object>();
  drawing.setGraph({ rankdir: "LR", nodesep: GRID * 2, ranksep: GRID * 6 });
  drawing.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) drawing.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { from, to } of [...(document.handoffs ?? []), ...impliedPairs(document, empty)]) {
    if (drawing.hasNode(from) && drawing.hasNode(to)) drawing.setEdge(from, to);
  }
  dagre.layout(drawing);
  const centres: Places = {};
  for (const id of ids) {
    const node = drawing.node(id) as unknown as Point;
    centres[id] = { x: node.x - NODE_WIDTH / 2, y: node.y - NODE_HEIGHT / 2 };
  }
  return splitColumns(centres);
}

/** Folds columns of more than `COLUMN` nodes into several, and moves what is right of them along. */
function splitColumns(drawn: Places): Places {
  const columns = new Map<number, string[]>();
  for (const [id, at] of Object.entries(drawn)) {
    const x = Math.round(at.x);
    columns.set(x, [...(columns.get(x) ?? []), id]);
  }
  const result: Places = {};
  let shift = 0;
  const middle = (bounds(Object.values(drawn))?.height ?? 0) / 2;
  for (const x of [...columns.keys()].sort((a, b) => a - b)) {
    const ids = (columns.get(x) ?? []).sort((a, b) => height(drawn, a) - height(drawn, b));
    if (ids.length <= COLUMN) {
      for (const id of ids) result[id] = snap({ x: x + shift, y: height(drawn, id) });
      continue;
    }
    const folds = Math.ceil(ids.length / COLUMN);
    const rows = Math.ceil(ids.length / folds);
    const step = NODE_HEIGHT + GRID * 2;
    ids.forEach((id, n) => {
      const row = n % rows;
      const fold = Math.floor(n / rows);
      result[id] = snap({
        x: x + shift + fold * (NODE_WIDTH + GRID * 3),
        y: middle - NODE_HEIGHT / 2 + (row - (rows - 1) / 2) * step,
      });
    });
    shift += (folds - 1) * (NODE_WIDTH + GRID * 3);
  }
  return result;
}

function height(places: Places, id: string): number {
  return places[id]?.y ?? 0;
}
