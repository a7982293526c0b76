/** The journal's entries as the server sends them (docs/journal.md): REST, websocket and export alike. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type Kind =
  | "run.started"
  | "action.started"
  | "action.finished"
  | "action.failed"
  | "action.uncertain"
  | "run.waiting"
  | "decision.made"
  | "run.paused"
  | "run.resumed"
  | "run.cancelled"
  | "run.finished"
  | "redacted";

/** `payload` and `salt` are null once the entry is redacted. */
export type Entry = {
  run: string;
  seq: number;
  at: string;
  kind: Kind;
  action: string | null;
  parent: string | null;
  key: string;
  agent: string;
  actor: string;
  payload: JsonObject | null;
  salt: string | null;
  payload_hash: string;
  prev_hash: string;
  hash: string;
};

/** Who did it, in mid-sentence: a person's address, the system, or a role. */
export function actorOf(entry: Entry): string {
  return entry.actor === "system" ? "the system" : entry.actor.replace(/^user:/, "");
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

export function numberOf(value: Json | undefined): number {
  return typeof value === "number" ? value : 0;
}

export function objectOf(value: Json | undefined): JsonObject | null {
  return isObject(value) ? value : null;
}
