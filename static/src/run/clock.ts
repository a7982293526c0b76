/** The time of the run's server, ticking for whoever shows a running time. */

import { useEffect, useState } from "react";

let ahead = 0;

/** Takes the server's time at the load of the page as the present. */
export function setClock(serverNow: string): void {
  ahead = Date.parse(serverNow) - Date.now();
}

export function now(): number {
  return Date.now() + ahead;
}

/** The present, again every `every` ms while `ticking`. */
export function useNow(ticking: boolean, every = 200): number {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => tick((n) => n + 1), every);
    return () => clearInterval(timer);
  }, [ticking, every]);
  return now();
}
