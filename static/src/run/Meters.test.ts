import { expect, test } from "vitest";
import { newState } from "../journal/fold";
import { parseMoney } from "../journal/money";
import { metersOf } from "./Meters";

const START = "2026-03-14T09:30:00.000000Z";
const at = (seconds: number) => Date.parse(START) + seconds * 1000;

function running() {
  return { ...newState(), status: "running" as const, started_at: START };
}

function meter(name: string, ...rest: Parameters<typeof metersOf>) {
  return metersOf(...rest).find((one) => one.name === name);
}

test("each budget is told with what of it is used", () => {
  const state = { ...running(), cost_usd: parseMoney("0.25"), tokens: 1500 };
  const limits = { cost_usd: "0.50", tokens: 2000, seconds: 600 };
  expect(meter("Cost", state, limits, at(0))).toEqual({
    name: "Cost",
    value: "$0.25",
    limit: "$0.50",
    share: 0.5,
  });
  expect(meter("Tokens", state, limits, at(0))).toMatchObject({
    value: "1.5k",
    limit: "2.0k",
    share: 0.75,
  });
  expect(meter("Time", state, limits, at(60))).toMatchObject({
    value: "1 min 00 s",
    limit: "10 min",
    share: 0.1,
  });
});

test("without a limit there is only what is used", () => {
  expect(meter("Tokens", running(), {}, at(0))).toEqual({ name: "Tokens", value: "0" });
});

test("what has no known price is not told as nothing", () => {
  expect(meter("Cost", { ...running(), unpriced: true }, {}, at(0))).toMatchObject({
    note: "+ unknown",
  });
});

test("the clock stands still while a run waits, and leaves out what it waited before", () => {
  const waiting = { ...running(), idle_s: 20, halted_at: "2026-03-14T09:31:00.000000Z" };
  expect(meter("Time", waiting, {}, at(9999))?.value).toBe("40.0 s");
});
