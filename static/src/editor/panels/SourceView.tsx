import { useEffect, useState } from "react";
import { crewYaml, textValidate } from "../../api/crews";
import { ApiError, Unreachable } from "../../api/http";
import type { Problem } from "../../graph/problems";
import { CodeField } from "../fields/code";
import { FieldProblems } from "../fields/problems";
import { adopt } from "../model/crew";
import { edit, load, tell, useEditor } from "../store/editor";
import { saveNow, useSession } from "../store/session";

/** The crew as text: to read, copy, download, or replace by another text. */
export function SourceView() {
  const crewId = useSession((state) => state.crewId);
  const mayChange = useEditor((state) => state.mayChange);
  const broken = useEditor((state) => state.undrawable);
  const [text, setText] = useState<string | null>(null);
  const [saved, setSaved] = useState("");
  const [behind, setBehind] = useState(false);
  const [problems, setProblems] = useState<Problem[]>([]);
  useEffect(() => {
    let gone = false;
    const show = async () => {
      const all = await saveNow();
      const yaml = await crewYaml(crewId).catch(told);
      if (gone || yaml === null) return;
      setText(yaml);
      setSaved(yaml);
      setBehind(!all);
    };
    void show();
    return () => {
      gone = true;
    };
  }, [crewId]);
  const apply = async () => {
    const checked = await textValidate(text ?? "").catch(told);
    if (checked === null) return;
    setProblems(checked.problems);
    const document = checked.document ? adopt(checked.document) : null;
    if (!document) {
      tell("Not applied: the text cannot be read as a crew.");
      return;
    }
    if (broken === null) {
      edit(() => document);
      tell("Applied. Undo brings back what was there.");
    } else {
      // What was there cannot be drawn, so there is nothing for undo to come back to.
      load({ document, undrawable: null });
    }
    useEditor.setState({ view: "canvas" });
  };
  const changed = text !== null && text !== saved;
  return (
    <section className="ed-source" aria-label="The crew as YAML">
      <div className="ed-source-head">
        {broken !== null && (
          <p className="notice" data-status="failed">
            This draft cannot be drawn. Mend it here and apply it.
          </p>
        )}
        {behind && (
          <p className="notice" data-status="waiting">
            This is what is stored. What you changed last is not saved yet.
          </p>
        )}
        <div className="actions">
          <button
            type="button"
            className="btn"
            disabled={!changed || !mayChange}
            onClick={() => void apply()}
          >
            Apply
          </button>
          <a className="btn" href={`/api/v1/crews/${crewId}/export?format=yaml`} download>
            Download YAML
          </a>
          <a className="btn" href={`/api/v1/crews/${crewId}/export?format=json`} download>
            Download JSON
          </a>
          <label className="btn">
            Open a file…
            <input
              type="file"
              className="sr-only"
              accept=".yaml,.yml,.json"
              disabled={!mayChange}
              onChange={(event) => void event.target.files?.[0]?.text().then(setText)}
            />
          </label>
        </div>
        <FieldProblems id="source-problems" problems={problems} />
      </div>
      {text === null ? (
        <p className="quiet">Loading…</p>
      ) : (
        <CodeField
          label="crew.yaml"
          path=""
          language="yaml"
          rows={30}
          value={text}
          disabled={!mayChange}
          change={setText}
        />
      )}
    </section>
  );
}

/** What the server or the network said is told; anything else is a fault of ours. */
function told(error: unknown): null {
  if (!(error instanceof ApiError || error instanceof Unreachable)) throw error;
  tell(error.message);
  return null;
}
