import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Entry, Json } from "./entry";
import { add, fold, newState, type RunState } from "./fold";
import { exactMoney } from "./money";
import { progressOf } from "./progress";

type Golden = { about: string; entries: Entry[]; state: Json; progress: Json[] };

const folder = new URL("../../../tests/journals/", import.meta.url);
const journals = readdirSync(fileURLToPath(folder)).filter((name) => name.endsWith(".json"));

function read(name: string): Golden {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8"));
}

/** As tests/journals/projection.py: actions in order, money as the shortest exact text. */
function plain(state: RunState): unknown {
  const money = (_: string, value: unknown) =>
    typeof value === "bigint" ? exactMoney(value) : value;
  const whole = { ...state, actions: [...state.actions.values()] };
  return JSON.parse(JSON.stringify(whole, money));
}

test("there are golden journals", () => {
  expect(journals.length).toBeGreaterThanOrEqual(5);
});

test.each(journals)("%s adds up to the state that Python finds", (name) => {
  const golden = read(name);
  expect(plain(fold(golden.entries))).toEqual(golden.state);
});

test.each(journals)("%s has the progress that Python finds", (name) => {
  const { entries, progress } = read(name);
  const half = Math.floor(entries.length / 2);
  expect([entries.slice(0, half), entries].map((some) => progressOf(fold(some)))).toEqual(progress);
});

test.each(journals)("%s gives the same in two halves and by single entries", (name) => {
  const { entries, state } = read(name);
  const half = Math.floor(entries.length / 2);
  expect(plain(fold(entries.slice(half), fold(entries.slice(0, half))))).toEqual(state);
  const single = newState();
  for (const entry of entries) add(single, entry);
  expect(plain(single)).toEqual(state);
});

test("10,000 entries fold in less than 100 ms", () => {
  const [first, ...rest] = read("delegations.json").entries as [Entry, ...Entry[]];
  const entries = [first];
  while (entries.length < 10_000) {
    const turn = entries.length;
    for (const entry of rest.filter((one) => one.kind !== "run.finished")) {
      entries.push({ ...entry, seq: entries.length + 1, action: `${entry.action}${turn}` });
    }
  }
  // The best of three, since the machine may be busy with something else.
  const times = [1, 2, 3].map(() => {
    const start = performance.now();
    expect(fold(entries).actions.size).toBeGreaterThan(3000);
    return performance.now() - start;
  });
  expect(Math.min(...times)).toBeLessThan(100);
});
