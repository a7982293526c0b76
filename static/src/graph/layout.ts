/** Where nodes stand: the document's own layout, and a drawing by dagre for what has none. */

import dagre from "@dagrejs/dagre";
import type { CrewDocument, Point } from "./document";
import { bounds, freePlace, GRID, NODE_HEIGHT, NODE_WIDTH, snap } from "./geometry";
import { impliedPairs, type Pair } from "./implied";
import { emptySeats, type Seat, slotId } from "./seats";

type Places = { [id: string]: Point };

/** A hub with more leaves than this has them on both sides, so that they stay on one screen. */
const ONE_SIDE = 5;
/**
 * Between columns there is room for the marks of a contract; with the size of a node these are
 * whole numbers of grid steps, so that rows and columns stay even.
 */
const ACROSS = GRID * 24 - NODE_WIDTH;
const BETWEEN = GRID * 8 - NODE_HEIGHT;
/** A column of more nodes than this is folded, and its folds stand this far from each other. */
const COLUMN = 8;
const FOLD = GRID * 17;
/** A row of more columns than this goes on below, the other way. */
const LINE = 5;

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
  const pairs = pairsOf(document, seats);
  for (const id of [...roles.filter((name) => !known[name]), ...slots]) {
    result[id] = freePlace(besideNeighbours(id, pairs, result), Object.values(result));
  }
  return result;
}

/** Left of what the node hands over to, else right of what it gets from, else right of everything. */
function besideNeighbours(id: string, pairs: readonly Pair[], stand: Places): Point {
  const placed = (ids: string[]) => ids.flatMap((other) => stand[other] ?? []);
  const after = bounds(placed(pairs.filter(({ from }) => from === id).map(({ to }) => to)));
  const before = bounds(placed(pairs.filter(({ to }) => to === id).map(({ from }) => from)));
  if (after && !before) {
    return { x: after.x - NODE_WIDTH - ACROSS, y: after.y + (after.height - NODE_HEIGHT) / 2 };
  }
  if (before) {
    return { x: before.x + before.width + ACROSS, y: before.y + (before.height - NODE_HEIGHT) / 2 };
  }
  return beside(Object.values(stand));
}

/** Handoffs, and the ways that the pattern takes by itself; empty seats take part. */
function pairsOf(document: CrewDocument, seats: readonly Seat[]): Pair[] {
  const empty = emptySeats(document, seats).map((slot) => slot.seat);
  const ids = new Set([...Object.keys(document.roles), ...empty.map(slotId)]);
  return [...(document.handoffs ?? []), ...impliedPairs(document, empty)].filter(
    ({ from, to }) => ids.has(from) && ids.has(to),
  );
}

/** To the right of everything, at the height of its middle. */
export function beside(taken: readonly Point[]): Point {
  const box = bounds(taken);
  if (!box) return { x: 0, y: 0 };
  return snap({ x: box.x + box.width + GRID * 4, y: box.y + (box.height - NODE_HEIGHT) / 2 });
}

/** A fresh drawing, left to right, of roles and empty seats. */
export function arranged(document: CrewDocument, seats: readonly Seat[] = []): Places {
  const empty = emptySeats(document, seats).map((slot) => slot.seat);
  const ids = [...Object.keys(document.roles), ...empty.map(slotId)];
  const pairs = pairsOf(document, seats);
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

/** The hub in the middle, half of its leaves on each side: first the right one, from the top. */
function star(hub: string, ids: readonly string[]): Places {
  const leaves = ids.filter((id) => id !== hub);
  const onRight = leaves.slice(0, Math.ceil(leaves.length / 2));
  const onLeft = leaves.slice(onRight.length);
  const away = NODE_WIDTH + ACROSS;
  return {
    [hub]: { x: 0, y: 0 },
    ...stacked(onRight, away, 1).places,
    ...stacked(onLeft, -away, -1).places,
  };
}

/**
 * Nodes in a column around the height 0, from `x`; a high column is folded into several that lie
 * in the direction `way`, so that a large crew stays on one screen. `wide` is how far they reach.
 */
function stacked(ids: readonly string[], x: number, way: 1 | -1): { places: Places; wide: number } {
  const rows =
    ids.length <= COLUMN ? ids.length : Math.max(COLUMN, Math.ceil(Math.sqrt(ids.length * 2.4)));
  const places: Places = {};
  ids.forEach((id, n) => {
    const fold = Math.floor(n / rows);
    const inFold = Math.min(rows, ids.length - fold * rows);
    places[id] = snap({
      x: x + way * fold * FOLD,
      y: ((n % rows) - (inFold - 1) / 2) * (NODE_HEIGHT + BETWEEN),
    });
  });
  return { places, wide: (Math.ceil(ids.length / Math.max(rows, 1)) - 1) * FOLD };
}

/** Ranks from left to right, by dagre; high ranks are folded, and a long row of them turns around. */
function layered(ids: readonly string[], pairs: readonly Pair[]): Places {
  const drawing = new dagre.graphlib.Graph<object>();
  drawing.setGraph({ rankdir: "LR", nodesep: BETWEEN, ranksep: ACROSS });
  drawing.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) drawing.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { from, to } of pairs) drawing.setEdge(from, to);
  dagre.layout(drawing);
  const centre = (id: string) => drawing.node(id) as unknown as Point;
  const columns = new Map<number, string[]>();
  for (const id of ids) {
    const x = Math.round(centre(id).x);
    columns.set(x, [...(columns.get(x) ?? []), id]);
  }
  const order = [...columns.keys()].sort((a, b) => a - b);
  const rank = new Map(ids.map((id) => [id, order.indexOf(Math.round(centre(id).x))]));
  const inARow = pairs.every(({ from, to }) => {
    return Math.abs((rank.get(from) ?? 0) - (rank.get(to) ?? 0)) <= 1;
  });
  if (order.length > LINE && inARow) return snaked(order.map((x) => columns.get(x) ?? []));
  const high = [...columns.values()].some((column) => column.length > COLUMN);
  const result: Places = {};
  let shift = 0;
  for (const x of order) {
    const column = (columns.get(x) ?? []).sort((a, b) => centre(a).y - centre(b).y);
    const left = x - NODE_WIDTH / 2 + shift;
    if (high) {
      const { places, wide } = stacked(column, left, 1);
      Object.assign(result, places);
      shift += wide;
    } else {
      for (const id of column) result[id] = snap({ x: left, y: centre(id).y - NODE_HEIGHT / 2 });
    }
  }
  return result;
}

/** Columns in lines that run to the right and back, so that neighbours stay neighbours. */
function snaked(columns: readonly string[][]): Places {
  const wide = Math.ceil(columns.length / Math.ceil(columns.length / (LINE - 1)));
  const high = Math.max(...columns.map((column) => column.length));
  const places: Places = {};
  columns.forEach((column, n) => {
    const line = Math.floor(n / wide);
    const along = line % 2 === 0 ? n % wide : wide - 1 - (n % wide);
    const x = along * (NODE_WIDTH + ACROSS);
    const y = line * (high * (NODE_HEIGHT + BETWEEN) + BETWEEN);
    for (const [id, at] of Object.entries(stacked(column, x, 1).places)) {
      places[id] = { x: at.x, y: at.y + y };
    }
  });
  return places;
}
