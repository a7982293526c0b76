import { beforeEach, expect, test } from "vitest";
import type { CrewDocument } from "../../graph/document";
import { connect } from "../model/handoffs";
import { removeRoles, updateRole } from "../model/roles";
import { edit, load, redo, select, undo, useEditor } from "./editor";

const START: CrewDocument = {
  callsheet: 1,
  name: "Desk",
  pattern: { name: "review" },
  roles: { a: { seat: "producer" }, b: { seat: "reviewer" } },
};

beforeEach(() => load({ document: START, mayChange: true, selection: { nodes: [], edges: [] } }));

const now = () => useEditor.getState().document;
const type = (title: string, role = "a") =>
  edit(
    (document) => updateRole(document, role, { seat: "producer", title }),
    `roles.${role}.title`,
  );

test("typing in one field is one step; another field is another", () => {
  for (const title of ["W", "Wr", "Writer"]) type(title);
  type("Judge", "b");
  undo();
  expect(now().roles.a?.title).toBe("Writer");
  expect(now().roles.b?.title).toBeUndefined();
  undo();
  expect(now()).toBe(START);
  redo();
  expect(now().roles.a?.title).toBe("Writer");
});

test("an edit after undo forgets what was undone, also in the same field", () => {
  type("One");
  undo();
  type("Two");
  redo();
  expect(now().roles.a?.title).toBe("Two");
  undo();
  expect(now()).toBe(START);
});

test("an edit that changes nothing is no step", () => {
  edit((document) => connect(document, "a", "a"));
  expect(useEditor.temporal.getState().pastStates).toHaveLength(0);
});

test("selecting is no step, and what is gone is not selected", () => {
  edit((document) => connect(document, "a", "b"));
  select({ nodes: ["a"], edges: ["handoff:a>b"] });
  expect(useEditor.temporal.getState().pastStates).toHaveLength(1);
  undo();
  expect(useEditor.getState().selection).toEqual({ nodes: ["a"], edges: [] });
});

test("whoever may not change the crew changes nothing", () => {
  useEditor.setState({ mayChange: false });
  edit((document) => removeRoles(document, ["a"]));
  expect(now()).toBe(START);
});
