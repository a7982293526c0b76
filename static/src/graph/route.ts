/** How an edge runs between two nodes: from which side, to which side, and in which lane. */

import type { Point } from "./document";
import { NODE_HEIGHT, NODE_WIDTH } from "./geometry";

export type Side = "left" | "right" | "top" | "bottom";
export type Route = { from: Point; to: Point; leaves: Side; enters: Side; loop: boolean };

/** Two edges between the same nodes run beside each other, this far from the middle. */
const LANE = 14;
/** The head of an edge ends here, just off the node, so that it is seen. */
const OFF = 5;
/** Nodes nearer than this in height are joined side by side. */
const NEAR = 24;
/** A way back that is longer would run through what stands between: it goes around below. */
const FAR = NODE_WIDTH * 1.6;

/**
 * The route between nodes at these places (their top left corners).
 *
 * `lane` is 0 for a lone edge, 1 and -1 for the two edges of a pair that goes both ways.
 */
export function route(source: Point, target: Point, lane: -1 | 0 | 1): Route {
  const dx = target.x - source.x;
  const dy = target.y - source.y;
  const gapX = Math.abs(dx) - NODE_WIDTH;
  const gapY = Math.abs(dy) - NODE_HEIGHT;
  const upright = gapY >= NEAR && (gapX < NODE_WIDTH / 2 || gapY > gapX * 2);
  if (upright) {
    const [leaves, enters]: [Side, Side] = dy > 0 ? ["bottom", "top"] : ["top", "bottom"];
    return between(source, target, leaves, enters, lane);
  }
  if (dx < 0 && gapX > FAR && gapY < 0) {
    return { ...between(source, target, "bottom", "bottom", lane), loop: true };
  }
  const [leaves, enters]: [Side, Side] = dx >= 0 ? ["right", "left"] : ["left", "right"];
  return between(source, target, leaves, enters, lane);
}

function between(source: Point, target: Point, leaves: Side, enters: Side, lane: number): Route {
  return {
    from: at(source, leaves, lane * LANE),
    to: off(at(target, enters, lane * LANE), enters),
    leaves,
    enters,
    loop: false,
  };
}

/** The middle of a side, moved along it. */
function at(node: Point, side: Side, along: number): Point {
  const middle = { x: node.x + NODE_WIDTH / 2, y: node.y + NODE_HEIGHT / 2 };
  switch (side) {
    case "left":
      return { x: node.x, y: middle.y + along };
    case "right":
      return { x: node.x + NODE_WIDTH, y: middle.y + along };
    case "top":
      return { x: middle.x + along, y: node.y };
    case "bottom":
      return { x: middle.x + along, y: node.y + NODE_HEIGHT };
  }
}

function off(point: Point, side: Side): Point {
  switch (side) {
    case "left":
      return { x: point.x - OFF, y: point.y };
    case "right":
      return { x: point.x + OFF, y: point.y };
    case "top":
      return { x: point.x, y: point.y - OFF };
    case "bottom":
      return { x: point.x, y: point.y + OFF };
  }
}
