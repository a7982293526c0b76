import { ReactFlowProvider } from "@xyflow/react";
import { useEffect, useMemo, useRef, useState } from "react";
import { arrange, duplicateSelected, removeSelected, selectAll } from "./canvas/actions";
import { Canvas } from "./canvas/Canvas";
import { useFit } from "./canvas/fit";
import { Palette } from "./canvas/Palette";
import { ProblemsProvider } from "./fields/problems";
import { Inspector } from "./inspector/Inspector";
import { type Command, commandOf, type Key } from "./model/keys";
import { focusField } from "./panels/focus";
import { ProblemsBar } from "./panels/ProblemsBar";
import { RunPanel } from "./panels/RunPanel";
import { SourceView } from "./panels/SourceView";
import { StalePanel } from "./panels/StalePanel";
import { Toolbar } from "./panels/Toolbar";
import { currentProblems, redo, select, undo, useEditor } from "./store/editor";
import { saveNow, useSession } from "./store/session";

export function App() {
  const document = useEditor((state) => state.document);
  const found = useEditor((state) => state.found);
  const checked = useEditor((state) => state.checked);
  const catalog = useEditor((state) => state.catalog);
  const problems = useMemo(
    () => currentProblems({ ...useEditor.getState(), document, found, checked, catalog }),
    [document, found, checked, catalog],
  );
  return (
    <ReactFlowProvider>
      <ProblemsProvider value={problems}>
        <Desk />
      </ProblemsProvider>
    </ReactFlowProvider>
  );
}

function Desk() {
  const view = useEditor((state) => state.view);
  useKeys();
  return (
    <div className="ed" data-view={view}>
      <Toolbar />
      {view === "canvas" ? (
        <>
          <Palette />
          <Canvas />
        </>
      ) : (
        <SourceView />
      )}
      <footer className="ed-foot">
        <Said />
        <ProblemsBar />
      </footer>
      <Side />
    </div>
  );
}

const SHOWN_MS = 8000;

/** What just happened, for a while. */
function Said() {
  const said = useEditor((state) => state.said);
  const [old, setOld] = useState(said);
  useEffect(() => {
    const timer = setTimeout(() => setOld(said), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const shown = said.shown && old !== said;
  return <output className={shown ? "ed-said" : "sr-only"}>{said.text}</output>;
}

/** The panel beside the canvas: a decision that waits, the run, or what is selected. */
function Side() {
  const panel = useEditor((state) => state.panel);
  const save = useSession((state) => state.save);
  const wanted = useEditor((state) => state.wanted);
  const broken = useEditor((state) => state.undrawable) !== null;
  const side = useRef<HTMLElement>(null);
  // Only so that the effect below runs after each change of what is selected.
  useEditor((state) => state.selection);
  const focused = useRef<Element | null>(null);
  useEffect(() => {
    if (wanted && side.current) focusField(side.current, wanted.path);
  }, [wanted]);
  // When the control that had the focus is gone with what it belonged to, the panel takes it.
  useEffect(() => {
    if (focused.current?.isConnected !== false) return;
    focused.current = null;
    if (document.activeElement === document.body) side.current?.focus({ preventScroll: true });
  });
  return (
    <aside
      className="ed-side"
      aria-label="Inspector"
      tabIndex={-1}
      ref={side}
      onFocus={(event) => {
        focused.current = event.target;
      }}
    >
      {save.kind === "stale" ? (
        <StalePanel theirs={save.theirs} />
      ) : panel === "run" ? (
        <RunPanel />
      ) : (
        !broken && <Inspector />
      )}
    </aside>
  );
}

function useKeys(): void {
  const fit = useFit();
  const run = useRef<(command: Command) => void>(() => {});
  run.current = (command) => act(command, fit);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const command = commandOf({
        key: event.key,
        ctrl: event.ctrlKey || event.metaKey,
        shift: event.shiftKey,
        alt: event.altKey,
        place: placeOf(event.target),
      });
      if (!command) return;
      event.preventDefault();
      run.current(command);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

function placeOf(target: EventTarget | null): Key["place"] {
  if (!(target instanceof HTMLElement || target instanceof SVGElement)) return "other";
  if (target.closest("input, textarea, select, [contenteditable]")) return "text";
  // With nothing focused the canvas is what is meant.
  return target.closest(".ed-canvas") || target === document.body ? "canvas" : "other";
}

function act(command: Command, fit: () => void): void {
  const actions: Record<Command, () => void> = {
    undo,
    redo,
    delete: removeSelected,
    duplicate: duplicateSelected,
    "select-all": selectAll,
    clear: () => select({}),
    fit: () => fit(),
    layout: arrange,
    save: () => void saveNow(),
  };
  actions[command]();
}
