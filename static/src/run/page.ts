/** What the server hands to the page (templates/runs/live.html). */

import type { RunStatus } from "../journal/fold";

export type Page = {
  run: string;
  title: string;
  crew: string;
  version: number | null;
  rehearsal: boolean;
  /** As the server knew it; the journal knows better once it is here. */
  status: RunStatus;
  /** The server's clock, so that running times do not depend on this machine's. */
  now: string;
  may: { stop: boolean; decide: boolean; start: boolean };
  /** How long the sandboxes of previews live on after the run. */
  previews_kept_s: number;
  urls: {
    previews: string;
    socket: string;
    api: string;
    audit: string;
    files: string;
    crew: string | null;
    answer: string;
    restart: string;
    /** Where a fork at an action is begun, before its id; null for who may not start runs. */
    fork: string | null;
    /** The run that this one was forked from, and the two side by side. */
    origin: string | null;
    compare: string | null;
    runs: string;
  };
  csrf: string;
};

export function readPage(): Page {
  const element = document.getElementById("run-page");
  if (!element?.textContent) throw new Error("the page does not say which run it shows");
  return JSON.parse(element.textContent);
}
