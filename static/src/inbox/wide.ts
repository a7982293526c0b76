import { useSyncExternalStore } from "react";

const wide = window.matchMedia("(min-width: 60rem)");

function subscribe(changed: () => void): () => void {
  wide.addEventListener("change", changed);
  return () => wide.removeEventListener("change", changed);
}

/** Whether there is room for the open question beside the list. */
export function useWide(): boolean {
  return useSyncExternalStore(subscribe, () => wide.matches);
}
