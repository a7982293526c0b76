import { useId, useState } from "react";
import { titleOf } from "../../graph/document";
import { handoffIds } from "../../graph/flow";
import { Icon } from "../../graph/icons";
import { join } from "../canvas/actions";
import { Section } from "../fields/Field";
import { connectFault } from "../model/handoffs";
import { select, useEditor } from "../store/editor";

/** The handoffs of a role; from here they are drawn without a pointer. */
export function RoleHandoffs({ name }: { name: string }) {
  const document = useEditor((state) => state.document);
  const handoffs = document.handoffs ?? [];
  const ids = handoffIds(handoffs);
  const own = handoffs
    .map((edge, index) => ({ ...edge, id: ids[index] ?? "" }))
    .filter((edge) => edge.from === name || edge.to === name)
    .map(({ from, to, id }) =>
      from === name ? { id, other: to, way: "to" } : { id, other: from, way: "from" },
    );
  return (
    <Section title="Handoffs" note={own.length === 0 ? "none" : String(own.length)}>
      {own.length > 0 && (
        <ul className="ed-links">
          {own.map(({ id, other, way }) => (
            <li key={id}>
              <button type="button" className="ed-link" onClick={() => select({ edges: [id] })}>
                <Icon name="link" size={14} />
                <span>
                  {way} <strong>{titleOf(other, document.roles[other])}</strong>
                </span>
                <Icon name="chevron" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Connect name={name} />
    </Section>
  );
}

function Connect({ name }: { name: string }) {
  const document = useEditor((state) => state.document);
  const disabled = !useEditor((state) => state.mayChange);
  const [chosen, setChosen] = useState("");
  const id = useId();
  const possible = Object.keys(document.roles).filter(
    (other) => connectFault(document, name, other) === null,
  );
  if (possible.length === 0) {
    return <p className="hint">There is no other role to hand over to.</p>;
  }
  const target = possible.includes(chosen) ? chosen : (possible[0] ?? "");
  return (
    <div className="field">
      <label htmlFor={id}>Hand over to</label>
      <div className="ed-inline">
        <select
          id={id}
          className="select"
          value={target}
          disabled={disabled}
          onChange={(event) => setChosen(event.target.value)}
        >
          {possible.map((other) => (
            <option key={other} value={other}>
              {titleOf(other, document.roles[other])}
            </option>
          ))}
        </select>
        <button
          type="button"
          className="btn"
          disabled={disabled}
          onClick={() => join(name, target)}
        >
          Connect
        </button>
      </div>
    </div>
  );
}
