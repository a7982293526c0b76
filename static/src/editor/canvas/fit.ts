import { useReactFlow, useStoreApi } from "@xyflow/react";
import { useCallback } from "react";
import { bounds, viewOf } from "../../graph/geometry";
import { currentPlaces, useEditor } from "../store/editor";

/** Move the canvas so that the whole crew is seen; at once, or as a movement that can be followed. */
export function useFit(): (options?: { still: boolean }) => void {
  const { setViewport } = useReactFlow();
  const store = useStoreApi();
  return useCallback(
    (options) => {
      const box = bounds(Object.values(currentPlaces(useEditor.getState())));
      if (!box) return;
      const still = options?.still || matchMedia("(prefers-reduced-motion: reduce)").matches;
      void setViewport(viewOf(box, store.getState()), { duration: still ? 0 : 200 });
    },
    [setViewport, store],
  );
}
