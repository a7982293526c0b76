import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CrewDocument } from "../graph/document";
import { activityOf } from "./activity";
import type { Entry } from "./entry";
import { feedRows } from "./feed";
import { fold } from "./fold";
import { Position } from "./position";

function entriesOf(name: string): Entry[] {
  const url = new URL(`../../../tests/journals/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")).entries;
}

/** The run after its first entry for which `found` holds. */
function after(entries: Entry[], found: (entry: Entry) => boolean) {
  const n = entries.findIndex(found) + 1;
  const state = fold(entries.slice(0, n));
  const document = state.started?.document as unknown as CrewDocument;
  return { state, activity: activityOf(state, document, Date.parse((entries[n - 1] as Entry).at)) };
}

const delegations = entriesOf("delegations");
const revision = entriesOf("revision");

test("a lead that waits for its workers is not shown at work; they are", () => {
  const { activity } = after(delegations, (entry) => entry.key === "lead/b/ask/tool1");
  expect(activity.states).toEqual({ lead: "idle", researcher: "running", coder: "running" });
  expect(activity.waitingOn.lead).toEqual(["researcher", "coder"]);
  expect(activity.lit).toEqual({
    "implied:lead>researcher": "active",
    "implied:lead>coder": "active",
  });
});

test("before anybody is asked nobody is at work", () => {
  const { activity } = after(delegations, (entry) => entry.kind === "run.started");
  expect(Object.values(activity.states)).toEqual(["idle", "idle", "idle"]);
  expect(activity.lit).toEqual({});
});

test("a delegation that is over leaves its edge marked, its worker done and what it used", () => {
  const { activity, state } = after(delegations, (entry) => entry.kind === "run.finished");
  expect(activity.states).toEqual({ lead: "done", researcher: "done", coder: "done" });
  expect(new Set(Object.values(activity.lit))).toEqual(new Set(["done"]));
  const tokens = Object.values(activity.figures).reduce((sum, one) => sum + one.tokens, 0);
  expect(tokens).toBe(state.tokens);
  expect(activity.figures.coder).toMatchObject({ calls: 1, tools: 1 });
});

test("a handoff shines a moment longer than it takes, and not beyond the end", () => {
  const done = after(
    revision,
    (entry) => entry.key === "extract>report" && entry.kind === "action.finished",
  );
  expect(done.activity.lit).toEqual({ "handoff:extract>report": "active" });
  const document = done.state.started?.document as unknown as CrewDocument;
  const later = activityOf(done.state, document, Date.parse(done.state.last_at) + 2000);
  expect(later.lit).toEqual({ "handoff:extract>report": "done" });
  const end = after(revision, (entry) => entry.kind === "run.finished");
  expect(end.activity.lit).toEqual({ "handoff:extract>report": "done" });
});

test("who asks a person is shown waiting", () => {
  const { activity } = after(entriesOf("question"), (entry) => entry.kind === "run.waiting");
  expect(activity.states.lead).toBe("waiting");
});

test("a role whose part failed is shown failed", () => {
  const entries = entriesOf("refused").map((entry) =>
    entry.payload ? entry : { ...entry, payload: { type: "ask", name: "lead", attempt: 1 } },
  );
  const { activity } = after(entries, (entry) => entry.kind === "run.finished");
  expect(activity.states.lead).toBe("failed");
});

test("steps back and forth give what folding from the start gives", () => {
  const position = new Position();
  for (const seq of [3, 10, 4, 4, 5, 20, 1, 0, 99]) {
    const expected = fold(delegations.slice(0, seq));
    expect(position.at(delegations, seq)).toEqual(expected);
  }
});

test("the feed leaves out that a delegated worker was asked", () => {
  const rows = feedRows(fold(delegations));
  const keys = rows.map((row) => (row.kind === "action" ? row.action.key : ""));
  expect(keys).toContain("lead/a");
  expect(keys).not.toContain("lead/a/ask");
  const call = rows.find((row) => row.kind === "action" && row.action.key === "lead/a/ask/model1");
  expect(call).toMatchObject({ depth: 2 });
});

test("pauses, decisions and takeovers stand in the feed where they happened", () => {
  const entries = entriesOf("question");
  const events = entries.filter(
    (entry) => entry.kind.startsWith("run.") || entry.kind === "decision.made",
  );
  const rows = feedRows(fold(entries), events.slice(1));
  expect(rows.map((row) => row.seq)).toEqual([...rows.map((row) => row.seq)].sort((a, b) => a - b));
  const early = feedRows(fold(entries.slice(0, 3)), events);
  expect(early.every((row) => row.seq <= 3)).toBe(true);
});

test("one role's rows alone", () => {
  const rows = feedRows(fold(delegations), [], "coder");
  expect(rows.length).toBeGreaterThan(1);
  expect(
    rows.every((row) => row.kind === "action" && row.action.agent === "coder" && row.depth === 0),
  ).toBe(true);
});
