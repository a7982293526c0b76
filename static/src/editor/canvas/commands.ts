import { useReactFlow } from "@xyflow/react";
import { useEffect, useMemo, useRef } from "react";
import { NODE_HEIGHT, NODE_WIDTH } from "../../graph/geometry";
import { type Command, commandOf, type Key } from "../model/keys";
import { currentPlaces, redo, select, undo, useEditor } from "../store/editor";
import { saveNow } from "../store/session";
import { arrange, duplicateSelected, removeSelected, selectAll } from "./actions";
import { copyTo, pasteFrom } from "./clipboard";
import { useFit } from "./fit";

/** What each command does, for keys, buttons and the finder alike. */
export function useCommands(): Record<Command, () => void> {
  const fit = useFit();
  const { zoomIn, zoomOut } = useReactFlow();
  return useMemo(
    () => ({
      undo,
      redo,
      delete: removeSelected,
      duplicate: duplicateSelected,
      "select-all": selectAll,
      clear: () => select({}),
      fit: () => fit(),
      "zoom-in": () => void zoomIn(),
      "zoom-out": () => void zoomOut(),
      layout: () => {
        arrange();
        fit();
      },
      save: () => void saveNow(),
      find: () => useEditor.setState({ finding: true }),
    }),
    [fit, zoomIn, zoomOut],
  );
}

/** Bring a role into the middle of the canvas and put the focus on it. */
export function useGoToRole(): (role: string) => void {
  const { setCenter, getZoom } = useReactFlow();
  return (role) => {
    const at = currentPlaces(useEditor.getState())[role];
    if (!at) return;
    useEditor.setState({ view: "canvas" });
    select({ nodes: [role] });
    requestAnimationFrame(() => {
      const zoom = Math.max(getZoom(), 0.75);
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const middle = { x: at.x + NODE_WIDTH / 2, y: at.y + NODE_HEIGHT / 2 };
      void setCenter(middle.x, middle.y, { zoom, duration: still ? 0 : 200 });
      const nodes = document.querySelectorAll<HTMLElement>(".ed-canvas .react-flow__node");
      [...nodes].find((node) => node.dataset.id === role)?.focus({ preventScroll: true });
    });
  };
}

/** Keys and the clipboard, wherever in the page they are used. */
export function useKeys(): void {
  const commands = useCommands();
  const latest = useRef(commands);
  latest.current = commands;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (useEditor.getState().finding) return;
      const command = commandOf({
        key: event.key,
        ctrl: event.ctrlKey || event.metaKey,
        shift: event.shiftKey,
        alt: event.altKey,
        place: placeOf(event.target),
      });
      if (!command) return;
      event.preventDefault();
      latest.current[command]();
    };
    const onClipboard = (event: ClipboardEvent) => {
      if (placeOf(document.activeElement) !== "canvas" || !event.clipboardData) return;
      if (!document.getSelection()?.isCollapsed) return;
      const act = event.type === "paste" ? pasteFrom : copyTo;
      if (!act(event.clipboardData)) return;
      event.preventDefault();
      if (event.type === "cut") removeSelected();
    };
    document.addEventListener("keydown", onKeyDown);
    for (const type of CLIPBOARD) document.addEventListener(type, onClipboard);
    return () => {
      document.removeEventListener("keydown", onKeyDown);
      for (const type of CLIPBOARD) document.removeEventListener(type, onClipboard);
    };
  }, []);
}

const CLIPBOARD = ["copy", "cut", "paste"] as const;

function placeOf(target: EventTarget | null): Key["place"] {
  if (!(target instanceof HTMLElement || target instanceof SVGElement)) return "other";
  if (target.closest("input, textarea, select, [contenteditable]")) return "text";
  // With nothing focused the canvas is what is meant.
  return target.closest(".ed-canvas") || target === document.body ? "canvas" : "other";
}
