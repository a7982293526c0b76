/** Sizes and places on the canvas. Nodes have one fixed size, so that nothing needs measuring. */

import type { Point } from "./document";

export const NODE_WIDTH = 232;
export const NODE_HEIGHT = 92;
/** Positions snap to the 4 px scale times four. */
export const GRID = 16;
const GAP = GRID * 2;

export function snap(point: Point): Point {
  return { x: Math.round(point.x / GRID) * GRID, y: Math.round(point.y / GRID) * GRID };
}

function overlaps(a: Point, b: Point): boolean {
  return Math.abs(a.x - b.x) < NODE_WIDTH + GAP / 2 && Math.abs(a.y - b.y) < NODE_HEIGHT + GAP / 2;
}

/**
 * The free place nearest to `wanted`: tried in growing rings, so a new node never covers another.
 */
export function freePlace(wanted: Point, taken: readonly Point[]): Point {
  const start = snap(wanted);
  const free = (at: Point) => taken.every((other) => !overlaps(at, other));
  if (free(start)) return start;
  const stepX = NODE_WIDTH + GAP;
  const stepY = NODE_HEIGHT + GAP;
  for (let ring = 1; ring <= taken.length + 1; ring++) {
    const places: Point[] = [];
    for (let dx = -ring; dx <= ring; dx++) {
      for (let dy = -ring; dy <= ring; dy++) {
        if (Math.max(Math.abs(dx), Math.abs(dy)) !== ring) continue;
        places.push(snap({ x: start.x + dx * stepX, y: start.y + dy * stepY }));
      }
    }
    places.sort((a, b) => distance(a, start) - distance(b, start) || b.y - a.y || b.x - a.x);
    const found = places.find(free);
    if (found) return found;
  }
  // Unreachable while a ring holds more places than nodes can block; below everything is free anyway.
  return { x: start.x, y: Math.max(...taken.map((other) => other.y)) + stepY };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** The smallest rectangle around nodes at these places, or null for none. */
export function bounds(
  places: readonly Point[],
): { x: number; y: number; width: number; height: number } | null {
  if (places.length === 0) return null;
  const left = Math.min(...places.map((at) => at.x));
  const top = Math.min(...places.map((at) => at.y));
  const right = Math.max(...places.map((at) => at.x)) + NODE_WIDTH;
  const bottom = Math.max(...places.map((at) => at.y)) + NODE_HEIGHT;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** How small the canvas may be drawn: a hundred roles still fit. */
export const MIN_ZOOM = 0.1;

/** The window on the canvas that shows a box in the middle, never enlarged; sizes in pixels. */
export function viewOf(
  box: { x: number; y: number; width: number; height: number },
  size: { width: number; height: number },
): { x: number; y: number; zoom: number } {
  const room = (length: number) => Math.max(length - GRID * 4, length * 0.8);
  const fit = Math.min(room(size.width) / box.width, room(size.height) / box.height);
  const zoom = Math.min(1, Math.max(MIN_ZOOM, fit));
  return {
    x: size.width / 2 - (box.x + box.width / 2) * zoom,
    y: size.height / 2 - (box.y + box.height / 2) * zoom,
    zoom,
  };
}
