/** What this installation offers: patterns with seats and options, tools, providers, kinds of role. */

import type { JsonSchema, RoleKind } from "../graph/document";
import type { Seat } from "../graph/seats";
import { request } from "./http";

export type PatternInfo = {
  name: string;
  title: string;
  summary: string;
  when: string;
  when_not: string;
  seats: (Seat & { description: string })[];
  options_schema: JsonSchema;
  edges: "none" | "chain" | "dag" | "free";
  /** Tools that the roles of a seat have without listing them. */
  implicit_tools?: { [seat: string]: string[] };
};

export type ToolInfo = {
  name: string;
  title: string;
  description: string;
  capability: string | null;
  /** Whether a person approves each call, where the role does not say. */
  approval: "always" | "never";
  options_schema: JsonSchema;
  needs_sandbox: boolean;
};

export type ProviderInfo = { name: string; title: string; models: string[]; needs_key: boolean };

export type Catalog = {
  patterns: PatternInfo[];
  tools: ToolInfo[];
  providers: ProviderInfo[];
  kinds: { name: RoleKind; title: string; summary: string }[];
  /** Constraints that code enforces; `pattern` is looked for in their text in lower case. */
  constraints: { name: string; summary: string; pattern: string }[];
};

export const NO_CATALOG: Catalog = {
  patterns: [],
  tools: [],
  providers: [],
  kinds: [],
  constraints: [],
};

export function catalogGet(): Promise<Catalog> {
  return request("GET", "/catalog");
}

export function patternOf(catalog: Catalog, name: string): PatternInfo | undefined {
  return catalog.patterns.find((pattern) => pattern.name === name);
}
