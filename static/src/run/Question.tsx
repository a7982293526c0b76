import { type FormEvent, useState } from "react";
import { type Json, type JsonObject, objectOf, textOf } from "../journal/entry";
import type { ActionState } from "../journal/fold";
import { CommandError, type Commands } from "./commands";
import { Value } from "./Detail";
import { FormFields } from "./FormFields";
import { type Draft, draftOf, fieldsOf, readDraft } from "./form";
import { Icon } from "./parts";

type Props = { action: ActionState; who: string; decide: Commands["decide"] | null };

/** A question to a person, answered where it stands. It goes once the journal has the decision. */
export function Question({ action, who, decide }: Props) {
  const question = action.question ?? {};
  const schema = objectOf(question.schema);
  const choices = Array.isArray(question.choices) ? question.choices.map(textOf) : [];
  return (
    <article
      className="run-question"
      data-status="waiting"
      aria-labelledby={`question-${action.id}`}
    >
      <p className="status status-plain">
        <Icon name="waiting" />
        {who} asks a person
      </p>
      <h2 id={`question-${action.id}`}>{textOf(question.question)}</h2>
      {question.context != null && (
        <details>
          <summary>What it is about</summary>
          <Value value={question.context} />
        </details>
      )}
      {decide ? (
        <AnswerForm action={action} schema={schema} choices={choices} decide={decide} />
      ) : (
        <p className="quiet">Someone who may decide in this team has to answer.</p>
      )}
    </article>
  );
}

type FormProps = {
  action: ActionState;
  schema: JsonObject | null;
  choices: string[];
  decide: Commands["decide"];
};

function AnswerForm({ action, schema, choices, decide }: FormProps) {
  const fields = schema ? fieldsOf(schema) : [];
  const [draft, setDraft] = useState<Draft>(() => draftOf(fields, suggestion(action)));
  const [comment, setComment] = useState("");
  const [editing, setEditing] = useState(!choices.includes("edit"));
  const [sent, setSent] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  // A question without choices or a form is answered in words.
  const free = !schema && choices.length === 1 && choices[0] === "answer";
  const offered = editing && choices.includes("edit") ? ["edit"] : choices;

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const pressed = (event.nativeEvent as SubmitEvent).submitter as HTMLButtonElement | null;
    const choice = pressed?.value || (offered[0] ?? "answer");
    if (choice === "edit" && !editing) {
      setEditing(true);
      return;
    }
    setProblem("");
    try {
      const value = schema && takesValue(choice) ? { value: readDraft(fields, draft) } : {};
      setSent(choice);
      decide(action.id, { choice, comment, ...value }).catch((error: unknown) => {
        setSent(null);
        setProblem(error instanceof CommandError ? error.message : String(error));
      });
    } catch (error) {
      setProblem((error as Error).message);
    }
  };

  return (
    <form className="form" onSubmit={submit}>
      {editing && (
        <FormFields fields={fields} draft={draft} onChange={setDraft} prefix={action.id} />
      )}
      <div className="field is-long">
        <label htmlFor={`comment-${action.id}`}>
          {free ? "Your answer" : "Comment"} {!free && <span className="quiet">(optional)</span>}
        </label>
        <textarea
          id={`comment-${action.id}`}
          className="textarea"
          value={comment}
          maxLength={10_000}
          rows={free ? 3 : 1}
          required={free}
          onChange={(event) => setComment(event.target.value)}
        />
      </div>
      {problem && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <div className="form-actions">
        {offered.map((choice, n) => (
          <button
            key={choice}
            type="submit"
            value={choice}
            className={n === 0 ? "btn btn-primary" : "btn"}
            disabled={sent !== null}
          >
            {sent === choice ? "Sending…" : wordFor(choice, editing)}
          </button>
        ))}
        {offered !== choices && (
          <button type="button" className="btn btn-quiet" onClick={() => setEditing(false)}>
            Back
          </button>
        )}
      </div>
    </form>
  );
}

/** Only these choices come with a value; the others ignore the form. */
function takesValue(choice: string): boolean {
  return choice === "edit" || choice === "answer";
}

/** What there is to edit: the payload in question. */
function suggestion(action: ActionState): Json {
  const context = action.question?.context ?? null;
  return objectOf(context)?.payload ?? context;
}

function wordFor(choice: string, editing: boolean): string {
  if (choice === "edit") return editing ? "Send what is edited" : "Edit…";
  const words = choice.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
