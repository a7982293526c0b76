import { KIND_WORDS, ROLE_KINDS } from "../../graph/document";
import { handoffIds } from "../../graph/flow";
import { Icon } from "../../graph/icons";
import { seatOfSlot } from "../../graph/seats";
import { add, counted, duplicateSelected, removeSelected } from "../canvas/actions";
import { currentPattern, useEditor } from "../store/editor";
import { CrewInspector } from "./CrewInspector";
import { HandoffInspector } from "./HandoffInspector";
import { RoleInspector } from "./RoleInspector";

/** What is selected, to be read and changed; without a selection the crew itself. */
export function Inspector() {
  const document = useEditor((state) => state.document);
  const { nodes, edges } = useEditor((state) => state.selection);
  const [node] = nodes;
  const [edge] = edges;
  if (nodes.length + edges.length > 1)
    return <Several roles={nodes.length} handoffs={edges.length} />;
  if (node !== undefined) {
    const seat = seatOfSlot(node);
    if (seat !== null) return <EmptySeat seat={seat} />;
    const role = document.roles[node];
    if (role) return <RoleInspector key={node} name={node} role={role} />;
  }
  if (edge !== undefined) {
    const index = handoffIds(document.handoffs ?? []).indexOf(edge);
    const handoff = document.handoffs?.[index];
    if (handoff) return <HandoffInspector key={edge} index={index} handoff={handoff} />;
  }
  return <CrewInspector document={document} />;
}

function EmptySeat({ seat }: { seat: string }) {
  const info = useEditor(currentPattern)?.seats.find((other) => other.name === seat);
  const mayChange = useEditor((state) => state.mayChange);
  return (
    <>
      <header className="ed-inspector-head">
        <div>
          <p className="eyebrow">Empty seat</p>
          <h2>{info?.title || seat}</h2>
        </div>
      </header>
      <div className="ed-inspector-body">
        {info?.description && <p className="quiet">{info.description}</p>}
        <h3>Who takes it?</h3>
        <div className="ed-choices">
          {ROLE_KINDS.map((kind) => (
            <button
              key={kind}
              type="button"
              className="ed-choice"
              disabled={!mayChange}
              onClick={() => add(kind, { seat })}
            >
              <Icon name={kind} />
              <span>
                <strong>{KIND_WORDS[kind].title}</strong>
                <span className="hint">{KIND_WORDS[kind].hint}</span>
              </span>
            </button>
          ))}
        </div>
      </div>
    </>
  );
}

function Several({ roles, handoffs }: { roles: number; handoffs: number }) {
  const mayChange = useEditor((state) => state.mayChange);
  return (
    <>
      <header className="ed-inspector-head">
        <div>
          <p className="eyebrow">Selected</p>
          <h2>
            {[roles > 0 && counted(roles, "role"), handoffs > 0 && counted(handoffs, "handoff")]
              .filter(Boolean)
              .join(", ")}
          </h2>
        </div>
      </header>
      <div className="ed-inspector-body">
        <div className="actions">
          <button
            type="button"
            className="btn"
            disabled={!mayChange || roles === 0}
            onClick={duplicateSelected}
          >
            <Icon name="copy" /> Duplicate
          </button>
          <button
            type="button"
            className="btn btn-danger"
            disabled={!mayChange}
            onClick={removeSelected}
          >
            <Icon name="trash" /> Delete
          </button>
        </div>
        <p className="hint">Arrow keys move them all; Shift moves farther.</p>
      </div>
    </>
  );
}
