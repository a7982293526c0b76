/** What differs between two values, line by line, as people read them. */

import { isObject, type Json } from "../journal/entry";

export type DiffLine = { sign: " " | "-" | "+" | "…"; text: string };

const AROUND = 2;
/** Above this many comparisons the lines are not matched any more. */
const MOST = 1_000_000;

export function diffOf(before: Json, after: Json): DiffLine[] {
  return shortened(matched(linesOf(before), linesOf(after)));
}

/** A value in lines: text as it is; an object field by field, so that long texts keep theirs. */
export function linesOf(value: Json): string[] {
  if (typeof value === "string") return value.split("\n");
  if (!isObject(value)) return JSON.stringify(value, null, 2).split("\n");
  return Object.keys(value)
    .sort()
    .flatMap((name) => {
      const part = value[name] as Json;
      const long = typeof part === "string" && (part.includes("\n") || part.length > 60);
      if (long) return [`${name}:`, ...part.split("\n").map((line) => `  ${line}`)];
      return `${name}: ${JSON.stringify(part, null, 2)}`.split("\n");
    });
}

function matched(a: string[], b: string[]): DiffLine[] {
  if (a.length * b.length > MOST) {
    return [...a.map((text) => line("-", text)), ...b.map((text) => line("+", text))];
  }
  // The lengths of the longest common subsequence of what follows each pair of places.
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const length = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
      (common[i] as Uint32Array)[j] = length;
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && a[i] === b[j]) {
      lines.push(line(" ", a[i++] as string));
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(line("-", a[i++] as string));
    } else {
      lines.push(line("+", b[j++] as string));
    }
  }
  return lines;
}

/** Leaves out what is the same further than two lines away from any change. */
function shortened(lines: DiffLine[]): DiffLine[] {
  const near = lines.map((_, n) =>
    lines.slice(Math.max(0, n - AROUND), n + AROUND + 1).some(({ sign }) => sign !== " "),
  );
  return lines.flatMap((one, n) => {
    if (near[n]) return [one];
    return near[n - 1] || n === 0 ? [line("…", "")] : [];
  });
}

function line(sign: DiffLine["sign"], text: string): DiffLine {
  return { sign, text };
}
