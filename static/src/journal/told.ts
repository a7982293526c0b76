/** An entry in one line of plain English, for the scrubber. */

import { actorOf, type Entry, objectOf, textOf } from "./entry";
import type { RunState } from "./fold";

type Name = (role: string) => string;

/** `state` is the one after the entry, `name` gives a role's title. */
export function told(entry: Entry, state: RunState, name: Name): string {
  const payload = entry.payload;
  if (!payload) return "erased";
  const action = entry.action ? state.actions.get(entry.action) : undefined;
  const who = action?.agent ? name(action.agent) : "The run";
  const what = action ? `${action.type.replaceAll("_", " ")} ${action.name}` : "";
  switch (entry.kind) {
    case "run.started":
      return "The run started";
    case "action.started":
      return `${who} started ${what}`;
    case "action.finished":
      return `${who} finished ${what}`;
    case "action.failed":
      return `${who} failed at ${what}: ${textOf(objectOf(payload.error)?.message)}`;
    case "action.uncertain":
      return `Nobody knows whether ${what} happened`;
    case "run.waiting":
      return `${who} asked: ${textOf(payload.question)}`;
    case "decision.made":
      return `Decided by ${actorOf(entry)}: ${textOf(payload.choice).replaceAll("_", " ")}`;
    case "run.paused":
      return `Paused by ${actorOf(entry)}`;
    case "run.resumed":
      return entry.actor === "system" ? "Another worker took over" : `Resumed by ${actorOf(entry)}`;
    case "run.cancelled":
      return `Cancelled by ${actorOf(entry)}`;
    case "run.finished":
      return `The run ${textOf(payload.status)}`;
    case "redacted":
      return `An entry was erased by ${actorOf(entry)}`;
  }
}
