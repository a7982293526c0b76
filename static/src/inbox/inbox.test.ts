import { expect, test } from "vitest";
import { approvalOf, refusalOf } from "../decide/ask";
import { until } from "../decide/Due";
import { briefOf, itemOf, stepped } from "./inbox";

const TOLD = {
  run: "r1",
  action: "a1",
  crew: "Desk",
  title: "Send it",
  role: "Lead",
  mine: true,
  asked_at: "2026-03-14T09:30:00Z",
  question: "'lead' wants to call shell. May it?",
  reason: "approval",
  choices: ["approve", "edit", "reject"],
  context: { tool: "shell" },
  proposed: { command: "ls" },
  deadline: "2026-03-14T10:30:00Z",
  default: "reject",
};

test("an item is read as the server tells it", () => {
  const { ask, mine } = itemOf(TOLD);
  expect(mine).toBe(true);
  expect(ask.proposed).toEqual({ command: "ls" });
  expect([approvalOf(ask), refusalOf(ask), ask.byDefault]).toEqual(["approve", "reject", "reject"]);
});

test("steps stay within the list", () => {
  const items = ["a", "b", "c"].map((action) => itemOf({ ...TOLD, action }));
  expect(stepped(items, null, 1)?.ask.id).toBe("a");
  expect(stepped(items, "a", 1)?.ask.id).toBe("b");
  expect(stepped(items, "c", 1)?.ask.id).toBe("c");
  expect(stepped(items, "a", -1)?.ask.id).toBe("a");
  expect(stepped([], "a", 1)).toBeNull();
});

test("a deadline is told in its largest unit", () => {
  const now = Date.parse("2026-03-14T09:30:00Z");
  expect(until("2026-03-14T10:30:00Z", now)).toBe("in 1 h");
  expect(until("2026-03-14T09:30:20Z", now)).toBe("in 1 min");
  expect(until("2026-03-12T09:30:00Z", now)).toBe("2 d overdue");
});

test("a row has the first words alone", () => {
  expect(briefOf(`a\n\n${"b".repeat(300)}`)).toHaveLength(200);
});
