import { expect, test } from "vitest";
import { bounds, freePlace, NODE_HEIGHT, NODE_WIDTH } from "./geometry";

function overlap(a: { x: number; y: number }, b: { x: number; y: number }): boolean {
  return Math.abs(a.x - b.x) < NODE_WIDTH && Math.abs(a.y - b.y) < NODE_HEIGHT;
}

test("a free wish is granted, on the grid", () => {
  expect(freePlace({ x: 33, y: 7 }, [])).toEqual({ x: 32, y: 0 });
});

test("a hundred nodes dropped on one spot never cover each other", () => {
  const taken: { x: number; y: number }[] = [];
  for (let n = 0; n < 100; n++) taken.push(freePlace({ x: 5, y: 5 }, taken));
  for (const [n, a] of taken.entries()) {
    for (const b of taken.slice(n + 1)) expect(overlap(a, b)).toBe(false);
  }
});

test("bounds hold whole nodes", () => {
  expect(bounds([])).toBeNull();
  expect(
    bounds([
      { x: 0, y: 0 },
      { x: 100, y: -50 },
    ]),
  ).toEqual({
    x: 0,
    y: -50,
    width: 100 + NODE_WIDTH,
    height: 50 + NODE_HEIGHT,
  });
});
