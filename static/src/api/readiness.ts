/** What is said of a crew before it runs: what it lacks, what it costs, what speaks against its shape. */

import type { CrewDocument, Json } from "../graph/document";
import type { Problem } from "../graph/problems";
import { request } from "./http";

export type Check = {
  name: string;
  title: string;
  state: "ok" | "warning" | "error";
  detail: string;
  path: string;
};

/** Money is decimal text in US dollars; `worst` is null where no limit bounds it. */
export type Forecast = {
  expected: string;
  basis: string;
  worst: string | null;
  bounded_by: string;
  dominant: string;
  roles: { role: string; model: string; expected: string; worst: string | null }[];
  unpriced: string[];
};

export type Readiness = {
  ready: boolean;
  needs: Check[];
  production: Check[];
  team_of_agents: Check[];
  advice: Problem[];
  forecast: Forecast | null;
};

/** Ask about a document; past runs of the crew tell what a run costs. */
export function readinessGet(document: CrewDocument, crew: string): Promise<Readiness> {
  return request("POST", "/preflight", { body: { document: document as unknown as Json, crew } });
}
