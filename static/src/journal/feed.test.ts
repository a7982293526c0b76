import { expect, test } from "vitest";
import type { Json } from "./entry";
import { brief, excerptOf, failsBelow, isCutShort, subjectOf } from "./feed";
import { type ActionState, newState } from "./fold";

function action(more: Partial<ActionState>): ActionState {
  return {
    id: "1",
    key: "k",
    parent: null,
    agent: "lead",
    type: "tool_call",
    name: "shell",
    seq: 1,
    started_at: "",
    input: null,
    input_hash: "",
    status: "finished",
    attempt: 1,
    lost_attempts: 0,
    crashes: 0,
    ended_at: null,
    output: null,
    error: null,
    tokens: 0,
    cost_usd: null,
    provider: "",
    model: "",
    reserved: null,
    waits_s: 0,
    waits_for: "",
    cached: null,
    question: null,
    decision: null,
    taken: null,
    ...more,
  };
}

test("an answer that was cut short is told from a whole one", () => {
  const of = (stop: string) => action({ type: "model_call", output: { text: "Hel", stop } });
  expect(isCutShort(of("max_tokens"))).toBe(true);
  expect(isCutShort(of("end"))).toBe(false);
});

const CASES: [string, Partial<ActionState>, string][] = [
  [
    "text of a model",
    { type: "model_call", output: { text: " Hello. ", tool_calls: [] } },
    "Hello.",
  ],
  [
    "an answer in JSON is readable",
    { type: "model_call", output: { text: '{"approved": true, "issues": []}' } },
    "approved: true, issues: []",
  ],
  [
    "tool calls of a model",
    {
      type: "model_call",
      output: { text: "", tool_calls: [{ name: "shell", arguments: { command: "ls" } }] },
    },
    "→ shell(command: ls)",
  ],
  ["a tool at work shows what it was given", { input: { command: "ls -l" } }, "command: ls -l"],
  [
    "what a program printed",
    { output: { exit_code: 0, stdout: "5 passed\n", stderr: "" } },
    "5 passed",
  ],
  [
    "a failed program",
    { output: { exit_code: 2, stdout: "", stderr: "no such file" } },
    "exit 2 · no such file",
  ],
  ["a silent program", { output: { exit_code: 0, stdout: "", stderr: "" } }, "no output"],
  ["a result without any form", { output: [1, 2] }, "[1,2]"],
  [
    "a delegated task",
    { type: "delegation", input: { to: "coder", task: "Code it." } },
    "Code it.",
  ],
  [
    "a handoff",
    {
      type: "handoff",
      output: { valid: true, confidence: 0.9, passed: false, reason: "The gate is shut." },
    },
    "valid · confidence 0.9 · not passed on · The gate is shut.",
  ],
  [
    "a stage is asked about what the one before made",
    { type: "ask", input: { task: "t", given: [{ from: "extract", payload: { rows: 3 } }] } },
    "given by extract: rows: 3",
  ],
  ["a question", { type: "escalation", question: { question: "May I?" }, input: {} }, "May I?"],
];

test.each(CASES)("%s", (_, more, text) => {
  expect(excerptOf(action(more))).toBe(text);
});

test.each<[Json, string]>([
  [null, ""],
  [[], ""],
  ["  text ", "text"],
  [{ text: "only" }, "only"],
  [{ task: "a", more: 1 }, "task: a, more: 1"],
])("%j in short is %j", (value, text) => {
  expect(brief(value)).toBe(text);
});

test("a handoff names who gets it, a model call its model", () => {
  expect(subjectOf(action({ type: "handoff", input: { to: "coder" }, name: "a → b" }))).toBe(
    "coder",
  );
  expect(subjectOf(action({ type: "model_call", model: "gpt", name: "x" }))).toBe("gpt");
});

test("a failure is told once, where it happened", () => {
  const error = { message: "The key is bad." };
  const state = newState();
  state.actions.set("1", action({ type: "ask", error, status: "failed" }));
  state.actions.set(
    "2",
    action({ id: "2", parent: "1", type: "model_call", error, status: "failed" }),
  );
  expect(failsBelow(state)).toEqual(new Set(["1"]));
});
