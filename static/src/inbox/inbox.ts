/** What the inbox shows: the open questions as the server last told them. */

import { type Ask, type Decide, readAsk } from "../decide/ask";
import { type JsonObject, textOf } from "../journal/entry";

export type Item = {
  ask: Ask;
  run: string;
  crew: string;
  title: string;
  role: string;
  rehearsal: boolean;
  paused: boolean;
  startedBy: string;
  mine: boolean;
  askedAt: string;
};

export type InboxPage = {
  approvals: JsonObject[];
  may_decide: boolean;
  you: string;
  now: string;
  csrf: string;
};

export function readPage(): InboxPage {
  const element = document.getElementById("inbox-page");
  if (!element?.textContent) throw new Error("the page does not say what is asked");
  return JSON.parse(element.textContent);
}

export function itemOf(told: JsonObject): Item {
  return {
    ask: readAsk(textOf(told.action), told),
    run: textOf(told.run),
    crew: textOf(told.crew),
    title: textOf(told.title),
    role: textOf(told.role),
    rehearsal: told.rehearsal === true,
    paused: told.status === "paused",
    startedBy: textOf(told.started_by),
    mine: told.mine === true,
    askedAt: textOf(told.asked_at),
  };
}

/** Somebody else was first, or the run has ended. */
export class Gone extends Error {}

export async function fetchItems(): Promise<Item[]> {
  const response = await fetch("/api/v1/approvals");
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const body = (await response.json()) as { approvals: JsonObject[] };
  return body.approvals.map(itemOf);
}

export async function fetchMark(): Promise<string> {
  const response = await fetch("/inbox/count/");
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return ((await response.json()) as { mark: string }).mark;
}

export function decider(run: string, csrf: string): Decide {
  return async (action, decision) => {
    const response = await fetch(`/api/v1/approvals/${run}/${action}/decide`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify(decision),
    }).catch(() => {
      throw new Error("The server did not answer. Try again once the connection is back.");
    });
    if (response.ok) return;
    const body = (await response.json().catch(() => null)) as { error?: Refusal } | null;
    const said = body?.error?.message ?? "";
    // The message may hold its first problem already.
    const more = (body?.error?.problems ?? []).filter((one) => !said.includes(one.message));
    const message = [said, ...more.map((one) => one.message)].filter(Boolean).join(" ");
    if (response.status === 409) throw new Gone(message);
    throw new Error(message || `The server answered ${response.status}. Reload the page.`);
  };
}

type Refusal = { message?: string; problems?: { message: string }[] };

/** The item after a step of so many rows from the one that is chosen. */
export function stepped(items: readonly Item[], chosen: string | null, step: number): Item | null {
  const place = items.findIndex(({ ask }) => ask.id === chosen);
  const next = place < 0 ? 0 : Math.min(items.length - 1, Math.max(0, place + step));
  return items[next] ?? null;
}

/** The first words of a question, for its row. */
export function briefOf(question: string): string {
  const words = question.replace(/\s+/g, " ").trim();
  return words.length > 200 ? `${words.slice(0, 199)}…` : words;
}
