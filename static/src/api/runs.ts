/** Starting a run. What it does afterwards is read from its journal, see ../journal. */

import type { Json } from "../graph/document";
import { request } from "./http";

export type NewRun = {
  crew: string;
  version: number;
  /** Text, or what the crew's task schema asks for. */
  task: Json;
  rehearse: boolean;
};

/** Start a run; the same `key` starts it only once, however often it is sent. */
export function runStart(run: NewRun, key: string): Promise<{ id: string; url: string }> {
  return request("POST", "/runs", { body: run, headers: { "Idempotency-Key": key } });
}

/** A key that nobody has used. (crypto.randomUUID is missing where a page came over plain HTTP.) */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
