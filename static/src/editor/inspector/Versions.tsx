import { useEffect, useState } from "react";
import { crewCanonical, crewVersion, crewVersions, type Version } from "../../api/crews";
import { ApiError, Unreachable } from "../../api/http";
import type { CrewDocument, Json } from "../../graph/document";
import { SelectField } from "../fields/choice";
import { Section } from "../fields/Field";
import { adopt } from "../model/crew";
import { Differences } from "../panels/Differences";
import { edit, tell, useEditor } from "../store/editor";
import { useSession } from "../store/session";

/** What was published: how the draft differs from it, and the way back to it. */
export function Versions({ document }: { document: CrewDocument }) {
  const crew = useSession((state) => state.crewId);
  const latest = useSession((state) => state.published?.number ?? 0);
  const mayChange = useEditor((state) => state.mayChange);
  const [versions, setVersions] = useState<Version[]>([]);
  const [number, setNumber] = useState("");
  const [chosen, setChosen] = useState<Json>(null);
  const draft = useCanonical(document, chosen !== null);
  useEffect(() => {
    if (latest > 0) void asked(crewVersions(crew)).then((found) => found && setVersions(found));
  }, [crew, latest]);
  useEffect(() => {
    setChosen(null);
    if (number === "") return;
    let current = true;
    void asked(crewVersion(crew, Number(number))).then((found) => current && setChosen(found));
    return () => {
      current = false;
    };
  }, [crew, number]);
  const restore = () => {
    const before = adopt(chosen);
    if (!before) return;
    edit(() => before);
    tell(`Version ${number} is what you edit now. Undo brings back what was here.`);
  };
  if (latest === 0) return null;
  return (
    <Section title="Versions" note={`v${latest} published`} open={false}>
      <SelectField
        label="Compare with"
        path="versions"
        value={number}
        choices={[{ value: "", label: "Choose a version" }, ...versions.map(choiceOf)]}
        change={setNumber}
      />
      {chosen !== null && draft !== null && (
        <>
          <Differences mine={draft} theirs={chosen} words={["now", `v${number}`]} />
          <button type="button" className="btn" disabled={!mayChange} onClick={restore}>
            Go back to version {number}
          </button>
        </>
      )}
    </Section>
  );
}

const SETTLED_MS = 400;

/** The draft as it would be published; asked again when it has come to rest. */
function useCanonical(document: CrewDocument, wanted: boolean): Json {
  const [canonical, setCanonical] = useState<Json>(null);
  useEffect(() => {
    if (!wanted) return;
    let current = true;
    const timer = setTimeout(() => {
      void asked(crewCanonical(document)).then((found) => current && setCanonical(found));
    }, SETTLED_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [document, wanted]);
  return canonical;
}

function choiceOf({ number, created_at }: Version) {
  const when = new Date(created_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return {
    value: String(number),
    label: `v${number} · ${when}`,
  };
}

async function asked<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof Unreachable)) throw error;
    tell(error.message);
    return null;
  }
}
