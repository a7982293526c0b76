import { expect, test } from "vitest";
import type { CrewDocument } from "../../graph/document";
import { pieceFrom } from "./crew";
import { pieceOf } from "./pieces";
import { putRoles } from "./roles";

const DESK: CrewDocument = {
  callsheet: 1,
  name: "Desk",
  pattern: { name: "pipeline" },
  roles: {
    reader: { seat: "stage", title: "Reader" },
    writer: { seat: "stage" },
    checker: { seat: "stage" },
  },
  handoffs: [
    { from: "reader", to: "writer", required_confidence: 0.7 },
    { from: "writer", to: "checker" },
  ],
  layout: { reader: { x: 0, y: 0 }, writer: { x: 384, y: 0 }, checker: { x: 768, y: 0 } },
};
const carried = (names: string[]) => pieceFrom(JSON.stringify(pieceOf(DESK, names)));

test("roles come back from the clipboard with what they hand to each other", () => {
  const piece = carried(["reader", "writer"]);
  const made = putRoles(DESK, piece ?? { roles: {} }, DESK.layout ?? {});
  expect(made.names).toEqual(["reader_2", "writer_2"]);
  expect(made.document.roles.reader_2).toEqual(DESK.roles.reader);
  expect(made.document.handoffs?.slice(2)).toEqual([
    { from: "reader_2", to: "writer_2", required_confidence: 0.7 },
  ]);
  const places = made.names.map((name) => made.document.layout?.[name]);
  expect(places.every((at) => at !== undefined)).toBe(true);
  expect(DESK.roles).not.toHaveProperty("reader_2");
});

test("in another crew they keep their names and take seats that it has", () => {
  const other: CrewDocument = { callsheet: 1, name: "", pattern: { name: "debate" }, roles: {} };
  const seats = [
    { name: "proposer", min: 1, max: 1 },
    { name: "critic", min: 1, max: 1 },
  ];
  const made = putRoles(other, carried(["reader", "writer"]) ?? { roles: {} }, {}, { seats });
  expect(made.names).toEqual(["reader", "writer"]);
  expect(made.names.map((name) => made.document.roles[name]?.seat)).toEqual(["proposer", "critic"]);
});

test.each([
  ["other text", "hello"],
  ["other JSON", "[1, 2]"],
  ["nothing", '{"roles": {}}'],
  ["a role that is none", '{"roles": {"a": 3}}'],
  ["a handoff that is none", '{"roles": {"a": {}}, "handoffs": [3]}'],
])("%s is no piece of a crew", (_, text) => {
  expect(pieceFrom(text)).toBeNull();
});

test("a name that no role can have becomes one that it can", () => {
  const piece = pieceFrom('{"roles": {"__proto__": {"seat": "stage"}, "Ä b": {"seat": "stage"}}}');
  const made = putRoles(DESK, piece ?? { roles: {} }, DESK.layout ?? {});
  expect(made.names).toEqual(["role", "role_2"]);
});
