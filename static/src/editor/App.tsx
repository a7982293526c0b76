import { ReactFlowProvider } from "@xyflow/react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Canvas } from "./canvas/Canvas";
import { useKeys } from "./canvas/commands";
import { Palette } from "./canvas/Palette";
import { ProblemsProvider } from "./fields/problems";
import { Inspector } from "./inspector/Inspector";
import { Finder } from "./panels/Finder";
import { focusField } from "./panels/focus";
import { ProblemsBar } from "./panels/ProblemsBar";
import { RunPanel } from "./panels/RunPanel";
import { SourceView } from "./panels/SourceView";
import { StalePanel } from "./panels/StalePanel";
import { Toolbar } from "./panels/Toolbar";
import { currentProblems, useEditor } from "./store/editor";
import { useSession } from "./store/session";

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
      <Finder />
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
