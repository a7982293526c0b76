import type { PatternInfo } from "../../api/catalog";
import type { CrewDocument, Json } from "../../graph/document";
import { SelectField } from "../fields/choice";
import { JsonField } from "../fields/code";
import { Section } from "../fields/Field";
import { AreaField, TextField } from "../fields/text";
import { setPattern, withField, withFilled } from "../model/crew";
import { currentPattern, edit, useEditor } from "../store/editor";
import { CrewLimitFields } from "./CrewLimitFields";
import { CrewEscalation } from "./EscalationFields";
import { setCrew } from "./editing";
import { SchemaEditor } from "./SchemaEditor";
import { SchemaForm } from "./SchemaForm";
import { Versions } from "./Versions";

export function CrewInspector({ document }: { document: CrewDocument }) {
  const mayChange = useEditor((state) => state.mayChange);
  const disabled = !mayChange;
  return (
    <>
      <header className="ed-inspector-head">
        <div>
          <p className="eyebrow">Crew</p>
          <h2>{document.name || "Without a name"}</h2>
        </div>
      </header>
      <div className="ed-inspector-body">
        <TextField
          label="Name"
          path="name"
          value={document.name}
          disabled={disabled}
          // A name may be empty for a moment; leaving it out would make another document.
          change={(name) => edit((before) => ({ ...before, name }), "name")}
        />
        <AreaField
          label="What it is for"
          path="description"
          rows={2}
          value={document.description ?? ""}
          disabled={disabled}
          change={(text) => setCrew("description", text)}
        />
        <PatternFields document={document} disabled={disabled} />
        <TaskFields document={document} disabled={disabled} />
        <CrewEscalation document={document} />
        <CrewLimitFields limits={document.limits ?? {}} disabled={disabled} />
        <Versions document={document} />
      </div>
    </>
  );
}

function PatternFields({ document, disabled }: { document: CrewDocument; disabled: boolean }) {
  const patterns = useEditor((state) => state.catalog.patterns);
  const pattern = useEditor(currentPattern);
  const change = (name: string) => {
    const seats = patterns.find((other) => other.name === name)?.seats ?? [];
    edit((before) => setPattern(before, name, seats));
  };
  return (
    <Section title="Pattern">
      <SelectField
        label="How they work together"
        path="pattern.name"
        value={document.pattern.name}
        choices={patterns.map(({ name, title }) => ({ value: name, label: title }))}
        change={change}
        disabled={disabled}
      />
      {pattern && <Advice pattern={pattern} />}
      {pattern && (
        <SchemaForm
          schema={pattern.options_schema}
          value={document.pattern.options ?? {}}
          path="pattern.options"
          disabled={disabled}
          change={(key, value) =>
            edit((before) => withOption(before, key, value), `options.${key}`)
          }
        />
      )}
    </Section>
  );
}

function withOption(document: CrewDocument, key: string, value: Json | undefined): CrewDocument {
  const options = withField(document.pattern.options ?? {}, key, value);
  return { ...document, pattern: withFilled(document.pattern, "options", options) };
}

function Advice({ pattern }: { pattern: PatternInfo }) {
  return (
    <div className="ed-advice">
      <p>{pattern.summary}</p>
      {pattern.when && (
        <p>
          <strong>Good for:</strong> {pattern.when}
        </p>
      )}
      {pattern.when_not && (
        <p>
          <strong>Not for:</strong> {pattern.when_not}
        </p>
      )}
    </div>
  );
}

function TaskFields({ document, disabled }: { document: CrewDocument; disabled: boolean }) {
  const task = document.task ?? {};
  const change = (next: NonNullable<CrewDocument["task"]>, key: string) =>
    edit((before) => withFilled(before, "task", next), `task.${key}`);
  return (
    <Section title="Task" note={task.schema ? "a form" : "free text"} open={false}>
      {task.schema ? (
        <JsonField
          label="Example"
          path="task.example"
          rows={4}
          value={task.example}
          disabled={disabled}
          change={(value) => change(withField(task, "example", value), "example")}
        />
      ) : (
        <AreaField
          label="Example"
          path="task.example"
          hint="Prefilled when somebody starts a run."
          value={exampleText(task.example)}
          disabled={disabled}
          change={(text) => change(withFilled(task, "example", text), "example")}
        />
      )}
      <SchemaEditor
        label="Fields of the task"
        path="task.schema"
        hint="Without fields a run is started with free text."
        schema={task.schema}
        disabled={disabled}
        change={(schema) => change(withField(task, "schema", schema), "schema")}
      />
    </Section>
  );
}

function exampleText(example: Json | undefined): string {
  if (example === undefined || example === null) return "";
  return typeof example === "string" ? example : JSON.stringify(example);
}
