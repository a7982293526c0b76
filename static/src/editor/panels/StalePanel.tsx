import { useState } from "react";
import type { Theirs } from "../../api/crews";
import { ApiError, Unreachable } from "../../api/http";
import type { Json } from "../../graph/document";
import { Icon } from "../../graph/icons";
import { tell, useEditor } from "../store/editor";
import { copyMine, keepMine, takeTheirs } from "../store/session";
import { Differences } from "./Differences";

/** Somebody else saved: nothing is lost, and the user decides which stands. */
export function StalePanel({ theirs }: { theirs: Theirs }) {
  const document = useEditor((state) => state.document);
  const [busy, setBusy] = useState(false);
  const act = async (action: () => Promise<unknown> | undefined) => {
    setBusy(true);
    try {
      await action();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof Unreachable)) throw error;
      tell(error.message);
    } finally {
      setBusy(false);
    }
  };
  const who = theirs.saved_by ?? "Someone";
  const when = new Date(theirs.saved_at);
  return (
    <section className="ed-stale" aria-labelledby="stale-title">
      <header className="ed-inspector-head">
        <span className="ed-inspector-kind" data-status="waiting">
          <Icon name="warning" />
        </span>
        <div>
          <p className="eyebrow">Not saved</p>
          <h2 id="stale-title">{who} saved this crew too</h2>
        </div>
      </header>
      <div className="ed-inspector-body">
        <p className="quiet">
          That was at <time dateTime={theirs.saved_at}>{when.toLocaleTimeString()}</time>. What you
          did since is still here, and nothing of theirs is overwritten.
        </p>
        <div className="ed-decide">
          <button
            type="button"
            className="btn btn-primary"
            disabled={busy}
            onClick={() => void act(() => keepMine(theirs))}
          >
            Keep mine
          </button>
          <span className="hint">Theirs is kept as a crew of its own.</span>
          <button type="button" className="btn" disabled={busy} onClick={() => takeTheirs(theirs)}>
            Take theirs
          </button>
          <span className="hint">Undo brings yours back.</span>
          <button
            type="button"
            className="btn"
            disabled={busy}
            onClick={() =>
              void act(async () => {
                const id = await copyMine();
                takeTheirs(theirs);
                window.open(`/crews/${id}/`, "_blank", "noopener");
              })
            }
          >
            Copy mine
          </button>
          <span className="hint">Yours becomes a crew of its own, in a new tab.</span>
        </div>
        <h3>What differs</h3>
        <Differences mine={document as Json} theirs={theirs.document} words={["yours", "theirs"]} />
      </div>
    </section>
  );
}
