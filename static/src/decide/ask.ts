/** A question to a person, wherever it is shown, and the words for what may be decided. */

import { type Json, type JsonObject, objectOf, textOf } from "../journal/entry";
import type { ActionState } from "../journal/fold";

export type Ask = {
  /** The action that asks. */
  id: string;
  question: string;
  reason: string;
  choices: string[];
  schema: JsonObject | null;
  context: Json;
  /** The value in question, from which an edit begins. */
  proposed: Json;
  assignee: string;
  deadline: string | null;
  /** What is decided when the deadline has passed; "" where the question then stays open. */
  byDefault: string;
};

export type Decision = { choice: string; value?: Json; comment?: string };
export type Decide = (action: string, decision: Decision) => Promise<void>;

export function askOf(action: ActionState): Ask {
  return readAsk(action.id, action.question ?? {});
}

/** Reads a question as the journal and the REST API tell it, with the same names. */
export function readAsk(id: string, told: JsonObject): Ask {
  const context = told.context ?? null;
  return {
    id,
    question: textOf(told.question),
    reason: textOf(told.reason),
    choices: Array.isArray(told.choices) ? told.choices.map(textOf) : [],
    schema: objectOf(told.schema),
    context,
    proposed: told.proposed ?? objectOf(context)?.payload ?? context,
    assignee: textOf(told.assignee),
    deadline: textOf(told.deadline) || null,
    byDefault: textOf(told.default),
  };
}

type Reason = { word: string; icon: string; comment?: string };

const REASONS: { [reason: string]: Reason } = {
  approval: {
    word: "A call to approve",
    icon: "tool",
    comment: "The agent reads it if you reject.",
  },
  confidence: { word: "A result in doubt", icon: "info" },
  invalid: { word: "An invalid result", icon: "warning" },
  uncertain: { word: "Nobody knows if it happened", icon: "warning" },
  failures: {
    word: "It failed again",
    icon: "warning",
    comment: "The role reads it if it tries again.",
  },
  limit: { word: "A limit is reached", icon: "money" },
  breaker: { word: "It keeps failing", icon: "warning" },
  role: { word: "A part for a person", icon: "human" },
};

/** Why somebody is asked, in a few words, with an icon of the sprite; and who reads the comment. */
export function reasonOf(ask: Ask): Reason {
  return REASONS[ask.reason] ?? { word: "An agent asks", icon: "waiting" };
}

/** Only these choices come with a value; the others ignore the form. */
export function takesValue(choice: string): boolean {
  return choice === "edit" || choice === "answer" || choice === "top_up";
}

export function wordOf(choice: string): string {
  if (choice === "end") return "End the run";
  const words = choice.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Says whether a choice is the one that lets what is asked about not go on. */
export function refuses(choice: string): boolean {
  return ["reject", "end", "fail", "stop the run"].includes(choice);
}

/** The choice that lets the run go on as it is, and the one that does not; for the keys. */
export function approvalOf(ask: Ask): string | undefined {
  return ["approve", "go_on", "go on without it"].find((choice) => ask.choices.includes(choice));
}

export function refusalOf(ask: Ask): string | undefined {
  return ask.choices.find(refuses);
}
