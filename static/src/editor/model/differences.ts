/** What differs between two documents, in words that people can decide on. */

import type { Json } from "../../graph/document";

export type Difference = {
  /** Dotted, as in problems: `roles.lead.title`. */
  path: string;
  /** What stands there, as text; null where there is nothing. */
  mine: string | null;
  theirs: string | null;
};

/** Places only differ on the canvas: told as one difference however many moved. */
const AS_ONE = new Set(["layout"]);

export function differences(mine: Json, theirs: Json): Difference[] {
  const found: Difference[] = [];
  compare(mine, theirs, "", found);
  return found;
}

function compare(
  mine: Json | undefined,
  theirs: Json | undefined,
  path: string,
  found: Difference[],
): void {
  if (same(mine, theirs)) return;
  const both = isRecord(mine) && isRecord(theirs);
  const lists = Array.isArray(mine) && Array.isArray(theirs) && path === "handoffs";
  if (AS_ONE.has(path)) {
    found.push({ path, mine: "places of the roles", theirs: "other places" });
    return;
  }
  if (!both && !lists) {
    found.push({ path, mine: shown(mine), theirs: shown(theirs) });
    return;
  }
  const left = (lists ? byEnds(mine) : mine) as { [key: string]: Json };
  const right = (lists ? byEnds(theirs) : theirs) as { [key: string]: Json };
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    compare(left[key], right[key], path ? `${path}.${key}` : key, found);
  }
}

/** Handoffs by their ends, so that one more in front does not make all of them differ. */
function byEnds(handoffs: Json[]): { [ends: string]: Json } {
  const result: { [ends: string]: Json } = {};
  for (const edge of handoffs) {
    const { from, to } = isRecord(edge) ? edge : { from: "?", to: "?" };
    let key = `${from} → ${to}`;
    while (key in result) key += "′";
    result[key] = edge;
  }
  return result;
}

function isRecord(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Equal as JSON, the order of keys aside. */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, n) => same(item, b[n]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => same(a[key], b[key]));
}

/** Whether a text is better compared line by line. */
export function isLong(text: string | null): boolean {
  return text !== null && (text.length > 60 || text.includes("\n"));
}

function shown(value: Json | undefined): string | null {
  if (value === undefined) return null;
  if (typeof value === "string") return value;
  const text = JSON.stringify(value);
  return isLong(text) ? JSON.stringify(value, null, 2) : text;
}
