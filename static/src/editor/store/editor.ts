/** The editor's state: the document with its history, and what is selected and shown. */

import { temporal } from "zundo";
import { create } from "zustand";
import { type Catalog, NO_CATALOG, patternOf } from "../../api/catalog";
import type { CrewDocument, Json, Point } from "../../graph/document";
import { handoffIds } from "../../graph/flow";
import { places } from "../../graph/layout";
import type { Problem } from "../../graph/problems";
import { allProblems, localProblems, moved } from "../model/checks";

export type Selection = { nodes: string[]; edges: string[] };
export const NOTHING: Selection = { nodes: [], edges: [] };

export type Panel = "inspect" | "run";
export type View = "canvas" | "source";

export type EditorState = {
  document: CrewDocument;
  /** A draft that cannot be drawn; shown as text until it is mended. */
  undrawable: Json | null;
  catalog: Catalog;
  mayChange: boolean;
  mayRun: boolean;
  selection: Selection;
  panel: Panel;
  view: View;
  /** The server's findings, and the document that it found them in. */
  found: Problem[];
  checked: CrewDocument | null;
  /** The list of everything that can be found and done is open. */
  finding: boolean;
  /** A field to be focused, by path; a new object each time. */
  wanted: { path: string } | null;
  /** What just happened: read aloud, and shown too when it is nothing that one sees anyway. */
  said: { text: string; shown: boolean };
};

const EMPTY: CrewDocument = { callsheet: 1, name: "", pattern: { name: "" }, roles: {} };
/** Typing in one field within this time is one step of undo. */
const GROUP_MS = 1200;
let group: { key: string; at: number } | null = null;

export const useEditor = create<EditorState>()(
  temporal(
    (): EditorState => ({
      document: EMPTY,
      undrawable: null,
      catalog: NO_CATALOG,
      mayChange: false,
      mayRun: false,
      selection: NOTHING,
      panel: "inspect",
      view: "canvas",
      found: [],
      checked: null,
      finding: false,
      wanted: null,
      said: { text: "", shown: false },
    }),
    {
      limit: 200,
      partialize: (state) => ({ document: state.document }),
      equality: (past, current) => past.document === current.document,
    },
  ),
);

/**
 * Change the document as one step of undo.
 *
 * Edits of the same `key` in quick succession (typing, a row of arrow keys) are one step.
 */
export function edit(change: (document: CrewDocument) => CrewDocument, key?: string): void {
  const { document, mayChange } = useEditor.getState();
  if (!mayChange) return;
  const next = change(document);
  if (next === document) return;
  const now = Date.now();
  const joins = key !== undefined && group?.key === key && now - group.at < GROUP_MS;
  group = key === undefined ? null : { key, at: now };
  const history = useEditor.temporal.getState();
  if (joins) history.pause();
  useEditor.setState({ document: next });
  if (joins) history.resume();
}

export function undo(): void {
  group = null;
  useEditor.temporal.getState().undo();
  dropLostSelection();
}

export function redo(): void {
  group = null;
  useEditor.temporal.getState().redo();
  dropLostSelection();
}

/** Take a document in without a step of undo, as at the start. */
export function load(state: Partial<EditorState>): void {
  const history = useEditor.temporal.getState();
  history.pause();
  useEditor.setState(state);
  history.resume();
  history.clear();
  group = null;
}

export function select(selection: Partial<Selection>): void {
  useEditor.setState({ selection: { ...NOTHING, ...selection }, panel: "inspect" });
}

/** Say what just happened, to those who hear the page. */
export function say(text: string): void {
  useEditor.setState({ said: { text, shown: false } });
}

/** Say what just happened, to everybody. */
export function tell(text: string): void {
  useEditor.setState({ said: { text, shown: true } });
}

/** Selected things that the document does not have any more are let go. */
export function dropLostSelection(): void {
  const { document, selection } = useEditor.getState();
  const edges = new Set(handoffIds(document.handoffs ?? []));
  const left = {
    nodes: selection.nodes.filter((id) => id in document.roles || id.startsWith("slot:")),
    edges: selection.edges.filter((id) => edges.has(id)),
  };
  useEditor.setState({ selection: left });
}

/** The pattern of the document, when this installation has it. */
export function currentPattern(state: EditorState) {
  return patternOf(state.catalog, state.document.pattern.name);
}

type Placed = { document: CrewDocument; catalog: Catalog; where: { [id: string]: Point } };
let placed: Placed | null = null;

/** Where every role and empty seat stands. Asked at each step of a drag, so kept while it holds. */
export function currentPlaces(state: EditorState): { [id: string]: Point } {
  const { document, catalog } = state;
  if (placed?.document !== document || placed.catalog !== catalog) {
    const where = places(document, currentPattern(state)?.seats ?? []);
    placed = { document, catalog, where };
  }
  return placed.where;
}

/** Everything that is wrong: the server's findings brought up to date, and what shows at once. */
export function currentProblems(state: EditorState): Problem[] {
  const { found, checked, document } = state;
  const server = moved(found, checked, document);
  return allProblems(server, localProblems(document, currentPattern(state)));
}
