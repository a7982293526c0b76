import { expect, test } from "vitest";
import type { CrewDocument } from "../../graph/document";
import { everything, findKey, matching } from "./finder";

const CREW: CrewDocument = {
  callsheet: 1,
  name: "Desk",
  pattern: { name: "hierarchical" },
  roles: {
    lead: { seat: "orchestrator", title: "Team lead" },
    tester: { seat: "worker", kind: "code" },
  },
};
const SEATS = [
  { name: "orchestrator", min: 1, max: 1 },
  { name: "worker", title: "Worker", min: 1, max: null },
];

function found(typed: string, mayChange = true): string[] {
  const all = everything(CREW, { seats: SEATS, kinds: ["model", "human"], mayChange });
  return matching(all, typed).map((one) => one.title);
}

test("roles are found by title, name and seat, those that begin so first", () => {
  expect(found("")[0]).toBe("Team lead");
  expect(found("LEAD")).toEqual(["Team lead"]);
  expect(found("worker")).toEqual(["Tester", "Add Worker"]);
  expect(found("te")[0]).toBe("Team lead");
  expect(found("worker tes")).toEqual(["Tester"]);
  expect(found("nobody")).toEqual([]);
});

test("a full seat is not offered, nor any change to those who may not change", () => {
  expect(found("add")).toEqual(["Add Worker", "Add Model", "Add Person"]);
  expect(found("add", false)).toEqual([]);
  expect(found("delete", false)).toEqual([]);
  expect(found("show everything", false)).toEqual(["Show everything"]);
});

test("no two entries are the same", () => {
  const all = everything(CREW, { seats: SEATS, kinds: ["model"], mayChange: true });
  expect(new Set(all.map(findKey)).size).toBe(all.length);
});
