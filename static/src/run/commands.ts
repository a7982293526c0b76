/** What a person can tell a run. The answer to a command is what the journal then says. */

import type { Decide } from "../decide/ask";
import type { Page } from "./page";

export class CommandError extends Error {}

export type Commands = {
  stop: () => Promise<void>;
  pause: () => Promise<void>;
  resume: () => Promise<void>;
  decide: Decide;
};

export function commandsOf({ urls, run, csrf }: Page): Commands {
  const post = async (path: string, body: object): Promise<void> => {
    const response = await fetch(`${urls.api}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify(body),
    }).catch(() => {
      throw new CommandError("The server did not answer. Try again once the connection is back.");
    });
    if (!response.ok) throw new CommandError(await reasonOf(response));
  };
  return {
    stop: () => post(`runs/${run}/cancel`, {}),
    pause: () => post(`runs/${run}/pause`, {}),
    resume: () => post(`runs/${run}/resume`, {}),
    decide: (action, decision) => post(`approvals/${run}/${action}/decide`, decision),
  };
}

async function reasonOf(response: Response): Promise<string> {
  try {
    const { error } = await response.json();
    const places = (error.problems ?? []).map((problem: { message: string }) => problem.message);
    return [error.message, ...places].join(" ");
  } catch {
    return `The server answered ${response.status}. Reload the page and try again.`;
  }
}
