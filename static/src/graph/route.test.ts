import { expect, test } from "vitest";
import { NODE_HEIGHT, NODE_WIDTH, viewOf } from "./geometry";
import { route } from "./route";

const HERE = { x: 0, y: 0 };

test("side by side: out of the right, into the left", () => {
  expect(route(HERE, { x: 400, y: 16 }, 0)).toMatchObject({
    leaves: "right",
    enters: "left",
    from: { x: NODE_WIDTH, y: NODE_HEIGHT / 2 },
    to: { x: 395, y: 16 + NODE_HEIGHT / 2 },
  });
});

test("one above the other: out of the bottom, into the top, and the other way", () => {
  expect(route(HERE, { x: 40, y: 240 }, 0)).toMatchObject({ leaves: "bottom", enters: "top" });
  expect(route({ x: 40, y: 240 }, HERE, 0)).toMatchObject({ leaves: "top", enters: "bottom" });
});

test("the two ways of a pair do not lie on each other", () => {
  const there = { x: 400, y: 0 };
  const forth = route(HERE, there, 1);
  const back = route(there, HERE, -1);
  expect(back).toMatchObject({ leaves: "left", enters: "right", loop: false });
  expect(forth.from.y).not.toBe(back.to.y);
  expect(forth.to.y).not.toBe(back.from.y);
});

test("a long way back in a row goes around below what stands between", () => {
  expect(route({ x: 1200, y: 0 }, HERE, 0)).toMatchObject({
    leaves: "bottom",
    enters: "bottom",
    loop: true,
  });
});

test("a view shows the whole box in the middle and never enlarges", () => {
  const small = viewOf({ x: 0, y: 0, width: 100, height: 100 }, { width: 1000, height: 500 });
  expect(small).toEqual({ x: 450, y: 200, zoom: 1 });
  const large = viewOf({ x: 0, y: 0, width: 3000, height: 100 }, { width: 1000, height: 500 });
  expect(large.zoom).toBeLessThan(1000 / 3000);
  expect(large.x).toBeGreaterThan(0);
});
