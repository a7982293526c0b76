import { describe, expect, it } from "vitest";
import type { Json } from "../journal/entry";
import type { ActionState, RunState } from "../journal/fold";
import { areOver, previewsOf } from "./previews";

function state(outputs: Json[], rest: Partial<RunState> = {}): RunState {
  const actions = outputs.map((output, n) => {
    const action = { name: "open_preview", status: "finished", agent: "dev", output };
    return [String(n), action as unknown as ActionState] as const;
  });
  return { status: "running", ended_at: null, actions: new Map(actions), ...rest } as RunState;
}

describe("previews", () => {
  it("are told in the order of their numbers, without calls that were refused", () => {
    const told = state([
      { text: "Second", preview: { number: 2, port: 81, title: "Two" } },
      { text: "Nothing listens", is_error: true },
      { text: "First", preview: { number: 1, port: 80, title: "One" } },
      "words",
    ]);
    expect(previewsOf(told).map((one) => one.title)).toEqual(["One", "Two"]);
  });

  it("are over some time after the run, and at once when it was stopped", () => {
    const ended_at = "2026-01-01T00:00:00.000Z";
    const end = Date.parse(ended_at);
    expect(areOver(state([]), end, 60)).toBe(false);
    expect(areOver(state([], { status: "finished", ended_at }), end + 59_000, 60)).toBe(false);
    expect(areOver(state([], { status: "finished", ended_at }), end + 61_000, 60)).toBe(true);
    expect(areOver(state([], { status: "cancelled", ended_at }), end, 60)).toBe(true);
  });
});
