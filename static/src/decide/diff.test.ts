import { expect, test } from "vitest";
import { diffOf } from "./diff";

const shown = (before: Parameters<typeof diffOf>[0], after: Parameters<typeof diffOf>[1]) =>
  diffOf(before, after).map(({ sign, text }) => `${sign}${text}`);

test("what is the same shows no difference", () => {
  expect(diffOf({ a: 1 }, { a: 1 }).every(({ sign }) => sign === "…")).toBe(true);
});

test("a changed field is one line out and one in", () => {
  expect(shown({ command: "rm -r /", cwd: "." }, { command: "ls", cwd: "." })).toEqual([
    '-command: "rm -r /"',
    '+command: "ls"',
    ' cwd: "."',
  ]);
});

test("long texts are compared by their lines, and far ones left out", () => {
  const code = Array.from({ length: 12 }, (_, n) => `line ${n}`);
  const changed = code.with(6, "another");
  expect(shown({ code: code.join("\n") }, { code: changed.join("\n") })).toEqual([
    "…",
    "   line 4",
    "   line 5",
    "-  line 6",
    "+  another",
    "   line 7",
    "   line 8",
    "…",
  ]);
});

test("what is very long is not matched but still told", () => {
  const many = Array.from({ length: 1500 }, (_, n) => `${n}`);
  const lines = diffOf(many.join("\n"), many.toReversed().join("\n"));
  expect(lines.filter(({ sign }) => sign === "+")).toHaveLength(1500);
});
