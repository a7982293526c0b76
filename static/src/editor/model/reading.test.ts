import { expect, test } from "vitest";
import type { PatternInfo } from "../../api/catalog";
import type { CrewDocument } from "../../graph/document";
import type { Problem } from "../../graph/problems";
import { nearestPath } from "../panels/focus";
import { allProblems, localProblems, moved } from "./checks";
import { differences, same } from "./differences";
import { commandOf } from "./keys";
import { newField, schemaOf, tableOf, withChoices, withDescription, withType } from "./schemaTable";

const PATTERN: PatternInfo = {
  name: "review",
  title: "Review",
  summary: "",
  when: "",
  when_not: "",
  seats: [
    { name: "producer", description: "", min: 1, max: 1 },
    { name: "reviewer", description: "", min: 1, max: 1 },
  ],
  options_schema: {},
  edges: "none",
};

function crew(rest: Partial<CrewDocument> = {}): CrewDocument {
  return {
    callsheet: 1,
    name: "Desk",
    pattern: { name: "review" },
    roles: { a: { seat: "producer" }, b: { seat: "reviewer" } },
    handoffs: [
      { from: "a", to: "b" },
      { from: "b", to: "a" },
    ],
    ...rest,
  };
}

test("seats that are empty, crowded or unknown are told at once", () => {
  const roles = { a: { seat: "producer" }, b: { seat: "producer" }, c: { seat: "clown" } };
  const messages = localProblems(crew({ name: " ", roles }), PATTERN).map((it) => it.message);
  expect(messages).toEqual([
    "Give the crew a name.",
    "Review has no seat “clown”; it has producer, reviewer.",
    "The seat “producer” takes 1 and has 2.",
    "The seat “reviewer” needs 1 role and has none.",
  ]);
  expect(localProblems(crew(), PATTERN)).toEqual([]);
});

test("findings follow their handoff when another one is deleted", () => {
  const checked = crew();
  const now = crew({ handoffs: [{ from: "b", to: "a" }] });
  const found: Problem[] = [
    { path: "handoffs.0.schema", message: "first", severity: "error", handoff: 0 },
    { path: "handoffs.1.schema", message: "second", severity: "error", handoff: 1 },
    { path: "roles.gone.title", message: "gone", severity: "error", role: "gone" },
    { path: "name", message: "name", severity: "error" },
  ];
  expect(moved(found, checked, now)).toEqual([
    { path: "handoffs.0.schema", message: "second", severity: "error", handoff: 0 },
    { path: "name", message: "name", severity: "error" },
  ]);
});

test("the server has the word where both speak of a path", () => {
  const local: Problem[] = [{ path: "name", message: "mine", severity: "error" }];
  const server: Problem[] = [{ path: "name", message: "theirs", severity: "error" }];
  expect(allProblems(server, local)).toEqual(server);
  expect(allProblems([], local)).toEqual(local);
});

test("differences are told by path; one more handoff does not shift the others", () => {
  const mine = crew({ handoffs: [{ from: "b", to: "a", required_confidence: 0.5 }] });
  const theirs = crew({
    name: "Office",
    handoffs: [
      { from: "a", to: "b" },
      { from: "b", to: "a", required_confidence: 0.7 },
    ],
    layout: { a: { x: 1, y: 2 } },
  });
  expect(differences(mine as never, theirs as never)).toEqual([
    { path: "name", mine: "Desk", theirs: "Office" },
    { path: "handoffs.b → a.required_confidence", mine: "0.5", theirs: "0.7" },
    { path: "handoffs.a → b", mine: null, theirs: '{"from":"a","to":"b"}' },
    { path: "layout", mine: "places of the roles", theirs: "other places" },
  ]);
  expect(same({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
});

test("long values are told whole, however far in they differ", () => {
  const long = "word ".repeat(60);
  const [found] = differences({ a: `${long}x` }, { a: `${long}y` });
  expect(found).toEqual({ path: "a", mine: `${long}x`, theirs: `${long}y` });
});

test("a schema goes to a table and back without loss", () => {
  const schema = {
    type: "object",
    title: "Findings",
    required: ["sources"],
    additionalProperties: false,
    properties: {
      sources: { type: "array", items: { type: "string" }, minItems: 1, description: "Links" },
      grade: { type: "string", enum: ["a", "b"] },
      deep: { anyOf: [{ type: "string" }, { type: "null" }] },
    },
  };
  const table = tableOf(schema);
  expect(table?.map(({ name, type, required }) => [name, type, required])).toEqual([
    ["sources", "list of texts", true],
    ["grade", "choice", false],
    ["deep", "other", false],
  ]);
  expect(schemaOf(table ?? [], schema)).toEqual(schema);
});

test("a table says new fields, choices and meanings as a schema", () => {
  const first = withDescription(newField([]), "What was found");
  const second = withChoices(withType(newField([first]), "choice"), ["yes", "no"]);
  expect(schemaOf([first, { ...second, required: false }])).toEqual({
    type: "object",
    required: ["field"],
    properties: {
      field: { type: "string", description: "What was found" },
      field_2: { type: "string", enum: ["yes", "no"] },
    },
  });
  expect(tableOf(undefined)).toEqual([]);
  expect(schemaOf([])).toBeUndefined();
  expect(tableOf({ type: "array" })).toBeNull();
});

test("keys mean what they mean where the focus is", () => {
  const key = (name: string, place: "text" | "canvas" | "other", ctrl = false, shift = false) =>
    commandOf({ key: name, ctrl, shift, alt: false, place });
  expect(key("z", "text", true)).toBe("undo");
  expect(key("Z", "canvas", true, true)).toBe("redo");
  expect(key("y", "other", true)).toBe("redo");
  expect(key("Delete", "canvas")).toBe("delete");
  expect(key("Delete", "text")).toBeNull();
  expect(key("Backspace", "other")).toBeNull();
  expect(key("a", "canvas", true)).toBe("select-all");
  expect(key("a", "text", true)).toBeNull();
  expect(key("f", "text")).toBeNull();
  expect(key("f", "canvas")).toBe("fit");
  expect(key("k", "text", true)).toBe("find");
  expect(key("?", "other", false, true)).toBe("find");
  expect(key("?", "text", false, true)).toBeNull();
  expect(key("-", "canvas")).toBe("zoom-out");
});

test("a problem leads to the field that holds its path", () => {
  const fields = ["roles.lead", "roles.lead.model.tier", "roles.lead.tools", "name"];
  expect(nearestPath(fields, "roles.lead.tools.2")).toBe("roles.lead.tools");
  expect(nearestPath(fields, "roles.lead.model")).toBe("roles.lead");
  expect(nearestPath(fields, "pattern")).toBeNull();
});
