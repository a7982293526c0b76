/** Starting a run. What it does afterwards is read from its journal, see ../journal. */

import type { Json } from "../graph/document";
import { request } from "./http";

export type NewRun = {
  crew: string;
  version?: number;
  task: string;
  input?: Json;
  rehearse: boolean;
};

export function runStart(run: NewRun): Promise<{ id: string; url: string }> {
  return request("POST", "/runs", { body: run });
}
