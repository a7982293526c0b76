import { expect, test } from "vitest";
import { toppedUp } from "./allowances";
import { type ActionState, newState } from "./fold";

function allowed(key: string, value: object, taken: object | null = null): ActionState {
  return { key, taken, decision: { choice: "top_up", value } } as unknown as ActionState;
}

test("what was allowed is added to the crew's limits, and to nothing else", () => {
  const state = newState();
  state.actions.set("a", allowed("limit:1", { cost_usd: "0.05" }));
  state.actions.set("b", allowed("limit:2", { tokens: 300 }));
  state.actions.set("c", allowed("limit:3", { tokens: 1000 }, { run: "another" }));
  state.actions.set("d", allowed("lead/ask", { tokens: 1000 }));
  expect(toppedUp({ cost_usd: "0.50", tokens: 700, actions: 9 }, state)).toEqual({
    cost_usd: "0.55",
    tokens: 1000,
    actions: 9,
  });
  expect(toppedUp({}, state)).toEqual({});
});
