/** The open crew: loads it, keeps it saved, publishes it. Ties the store, the saver and the API. */

import { create } from "zustand";
import { type Catalog, catalogGet } from "../../api/catalog";
import {
  type CrewState,
  crewCreate,
  crewGet,
  crewPublish,
  crewSave,
  type Published,
  type Theirs,
} from "../../api/crews";
import type { CrewDocument, Json } from "../../graph/document";
import { adopt } from "../model/crew";
import { load, NOTHING, tell, useEditor } from "./editor";
import { Saver, type SaveStatus } from "./saver";

export type SessionState = {
  crewId: string;
  save: SaveStatus;
  published: Published | null;
  /** The document that was published last, as far as this page knows. */
  publishedDocument: CrewDocument | null;
};

export const useSession = create<SessionState>()(() => ({
  crewId: "",
  save: { kind: "saved", at: null },
  published: null,
  publishedDocument: null,
}));

let saver: Saver | null = null;

/** What the page brings along; what it does not is fetched. */
export type Props = { crewId: string; crew?: CrewState; catalog?: Catalog };

export async function open({ crewId, crew, catalog }: Props): Promise<void> {
  // A page that the browser took out of its cache brings the crew as it was then.
  const [visit] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const fresh = visit?.type === "back_forward" ? undefined : crew;
  const [state, offered] = await Promise.all([fresh ?? crewGet(crewId), catalog ?? catalogGet()]);
  const document = adopt(state.document);
  load({
    catalog: offered,
    mayChange: state.permissions.change,
    mayRun: state.permissions.run,
    found: state.problems,
    ...(document
      ? { document, checked: document, undrawable: null }
      : { undrawable: state.document, view: "source" as const }),
  });
  // A crew just made from a template comes with its run panel open.
  if (window.location.hash === "#run") useEditor.setState({ panel: "run" });
  useSession.setState({
    crewId: state.id,
    published: state.published,
    publishedDocument: state.unchanged ? document : null,
  });
  start(state.revision, document ?? useEditor.getState().document);
}

function start(revision: number, document: CrewDocument): void {
  const made = new Saver(
    { revision, document },
    {
      save: (draft) => crewSave(useSession.getState().crewId, draft),
      later: (action, ms) => {
        const timer = setTimeout(action, ms);
        return () => clearTimeout(timer);
      },
      now: () => Date.now(),
      changed: (save) => useSession.setState({ save }),
      checked: (checked, found) => useEditor.setState({ checked, found }),
    },
  );
  saver = made;
  useEditor.subscribe((state, before) => {
    if (state.document !== before.document) made.edited(state.document);
  });
  window.addEventListener("online", () => void made.flush());
  window.addEventListener("beforeunload", (event) => {
    if (made.unsaved) event.preventDefault();
  });
  // A tab that is put away may never come back: send what there is.
  window.document.addEventListener("visibilitychange", () => {
    if (window.document.visibilityState === "hidden") void made.flush();
  });
}

/** Save now; false when something stands in the way (the save status says what). */
export async function saveNow(): Promise<boolean> {
  return (await saver?.flush()) ?? false;
}

/** Publish what is here; null when it could not be saved first. Throws ApiError, Unreachable. */
export async function publish(): Promise<Published | null> {
  if (!saver || !(await saver.flush())) return null;
  const document = useEditor.getState().document;
  const published = await crewPublish(useSession.getState().crewId, saver.revision);
  useSession.setState({ published, publishedDocument: document });
  return published;
}

/** After a stale save: theirs becomes what is seen; what was here is one undo away. */
export function takeTheirs(theirs: Theirs): void {
  const document = adopt(theirs.document);
  if (!document || !saver) return;
  saver.adopted(document, theirs.revision);
  useEditor.setState({ document, checked: null, found: [], selection: NOTHING });
  tell("Their version is shown. Undo brings yours back.");
}

/** After a stale save: keep theirs as a crew of its own, then save what is here over it. */
export async function keepMine(theirs: Theirs): Promise<{ id: string; name: string }> {
  const kept = await crewCreate(renamed(theirs.document, theirs.saved_by ?? "someone"));
  await saver?.keepMine();
  tell(`Yours is saved. Theirs is kept as “${kept.name}”.`);
  return kept;
}

/** After a stale save: what is here becomes a crew of its own, and theirs stays. */
export async function copyMine(): Promise<string> {
  const kept = await crewCreate(renamed(useEditor.getState().document as Json, "my copy"));
  return kept.id;
}

function renamed(document: Json, by: string): Json {
  if (typeof document !== "object" || document === null || Array.isArray(document)) return document;
  const name = typeof document.name === "string" ? document.name : "Crew";
  return { ...document, name: `${name.slice(0, 100 - by.length - 3)} (${by})` };
}
