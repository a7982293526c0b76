import { type Handoff, type Json, titleOf } from "../../graph/document";
import { Icon } from "../../graph/icons";
import { removeSelected } from "../canvas/actions";
import { CheckField, ListField, SelectField } from "../fields/choice";
import { Section } from "../fields/Field";
import { NumberField, ParsedField, TextField } from "../fields/text";
import { withField } from "../model/crew";
import { connectFault, reverseHandoff } from "../model/handoffs";
import { tableOf } from "../model/schemaTable";
import { edit, select, useEditor } from "../store/editor";
import { setHandoff } from "./editing";
import { SchemaEditor } from "./SchemaEditor";

const LOW = [
  { value: "escalate", label: "ask a person" },
  { value: "revise", label: "send it back for revision" },
  { value: "proceed", label: "go on anyway" },
];
const THEN = [
  { value: "escalate", label: "ask a person" },
  { value: "fail", label: "fail the run" },
];

type Props = { index: number; handoff: Handoff };

export function HandoffInspector({ index, handoff }: Props) {
  const mayChange = useEditor((state) => state.mayChange);
  const path = `handoffs.${index}`;
  const disabled = !mayChange;
  return (
    <>
      <Head index={index} handoff={handoff} />
      <div className="ed-inspector-body">
        <SchemaEditor
          label="What is handed over"
          path={`${path}.schema`}
          hint="Fields that the payload must have. Without any, anything passes."
          schema={handoff.schema}
          disabled={disabled}
          change={(schema) => setHandoff(index, "schema", schema)}
        />
        <Invalid {...{ index, handoff, disabled }} />
        <Section title="Confidence" open={handoff.required_confidence !== undefined}>
          <NumberField
            label="At least"
            path={`${path}.required_confidence`}
            hint="From 0 to 1, read from the payload's field “confidence”."
            placeholder="no minimum"
            min={0}
            max={1}
            value={handoff.required_confidence}
            disabled={disabled}
            change={(value) => setHandoff(index, "required_confidence", value)}
          />
          <SelectField
            label="When it is lower"
            path={`${path}.on_low_confidence`}
            value={handoff.on_low_confidence ?? "escalate"}
            choices={LOW}
            disabled={disabled}
            change={(value) =>
              setHandoff(index, "on_low_confidence", value as Handoff["on_low_confidence"])
            }
          />
        </Section>
        <GateFields {...{ index, handoff, disabled }} />
        <Section title="Files" open={(handoff.artifacts?.length ?? 0) > 0}>
          <ListField
            label="Files that go along"
            path={`${path}.artifacts`}
            hint="Patterns of names in the sandbox, such as *.csv."
            values={handoff.artifacts ?? []}
            disabled={disabled}
            change={(values) => setHandoff(index, "artifacts", values)}
          />
        </Section>
      </div>
    </>
  );
}

function Head({ index, handoff }: Props) {
  const document = useEditor((state) => state.document);
  const mayChange = useEditor((state) => state.mayChange);
  const fault = connectFault(document, handoff.to, handoff.from);
  const turn = () => {
    edit((before) => reverseHandoff(before, index));
    select({ edges: [`handoff:${handoff.to}>${handoff.from}`] });
  };
  return (
    <header className="ed-inspector-head">
      <div>
        <p className="eyebrow">Handoff contract</p>
        <h2>
          {titleOf(handoff.from, document.roles[handoff.from])} →{" "}
          {titleOf(handoff.to, document.roles[handoff.to])}
        </h2>
      </div>
      <button
        type="button"
        className="btn btn-quiet btn-square"
        aria-label="Turn the handoff around"
        title={fault ?? "Turn the handoff around"}
        disabled={!mayChange || fault !== null}
        onClick={turn}
      >
        <Icon name="swap" />
      </button>
      <button
        type="button"
        className="btn btn-quiet btn-square"
        aria-label="Delete the handoff"
        title="Delete the handoff"
        disabled={!mayChange}
        onClick={removeSelected}
      >
        <Icon name="trash" />
      </button>
    </header>
  );
}

function Invalid({ index, handoff, disabled }: Props & { disabled: boolean }) {
  const on = handoff.on_invalid ?? {};
  return (
    <Section title="When it does not fit" open={handoff.schema !== undefined}>
      <div className="ed-pair">
        <NumberField
          label="Send back"
          path={`handoffs.${index}.on_invalid.retries`}
          placeholder="2"
          suffix="times"
          whole
          min={0}
          max={10}
          value={on.retries}
          disabled={disabled}
          change={(value) => setHandoff(index, "on_invalid", withField(on, "retries", value))}
        />
        <SelectField
          label="Then"
          path={`handoffs.${index}.on_invalid.then`}
          value={on.then ?? "escalate"}
          choices={THEN}
          disabled={disabled}
          change={(then) =>
            setHandoff(index, "on_invalid", withField(on, "then", then as "escalate" | "fail"))
          }
        />
      </div>
      <p className="hint">Whoever made it is told what does not fit.</p>
    </Section>
  );
}

/** A gate lets the handoff through when a field of the payload has a value. */
function GateFields({ index, handoff, disabled }: Props & { disabled: boolean }) {
  const gate = handoff.when;
  const names = (tableOf(handoff.schema) ?? []).map((field) => field.name);
  const path = `handoffs.${index}.when`;
  return (
    <Section title="Gate" open={gate !== undefined}>
      <CheckField
        label="Only when a field has a value"
        path={path}
        checked={gate !== undefined}
        disabled={disabled}
        change={(on) =>
          setHandoff(
            index,
            "when",
            on ? { field: names[0] ?? "approved", equals: true } : undefined,
          )
        }
      />
      {gate && (
        <div className="ed-pair">
          <TextField
            label="Field"
            path={`${path}.field`}
            value={gate.field}
            disabled={disabled}
            change={(field) => setHandoff(index, "when", { ...gate, field })}
          />
          <ParsedField
            label="Equals"
            path={`${path}.equals`}
            value={gate.equals ?? true}
            shown={(value: Json) => (typeof value === "string" ? value : JSON.stringify(value))}
            parse={(typed) => ({ value: looseJson(typed) })}
            disabled={disabled}
            change={(equals) => setHandoff(index, "when", { ...gate, equals })}
          />
        </div>
      )}
    </Section>
  );
}

/** `true`, `3`, `null` are what they look like; anything else is text. */
function looseJson(typed: string): Json {
  try {
    return JSON.parse(typed) as Json;
  } catch {
    return typed;
  }
}
