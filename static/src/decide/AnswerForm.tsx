import { type FormEvent, type KeyboardEvent, useMemo, useState } from "react";
import { isObject, type Json } from "../journal/entry";
import { FormFields } from "../run/FormFields";
import { type Draft, draftOf, type Field, fieldsOf, readDraft } from "../run/form";
import { type Ask, type Decide, reasonOf, refuses, takesValue, wordOf } from "./ask";
import { Diff } from "./Diff";

type Props = {
  ask: Ask;
  decide: Decide;
  /** The choice that a key has made the first one; its comment is being written. */
  armed?: string | null;
};

/** The form under a question: what is chosen, the value where one is needed, and a word about it. */
export function AnswerForm({ ask, decide, armed = null }: Props) {
  const { choices, schema } = ask;
  const fields = useMemo(() => (schema ? fieldsOf(schema) : []), [schema]);
  const [draft, setDraft] = useState<Draft>(() => draftOf(fields, ask.proposed));
  const [comment, setComment] = useState("");
  const [editing, setEditing] = useState(!choices.includes("edit"));
  const [sent, setSent] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  // A question without choices or a form is answered in words.
  const free = !schema && choices.length === 1 && choices[0] === "answer";
  const edits = editing && choices.includes("edit");
  const offered = edits ? ["edit"] : choices;
  const first = armed && offered.includes(armed) ? armed : offered[0];

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const pressed = (event.nativeEvent as SubmitEvent).submitter as HTMLButtonElement | null;
    const choice = pressed ? pressed.value : (first ?? "answer");
    if (choice === "edit" && !editing) {
      setEditing(true);
      return;
    }
    setProblem("");
    try {
      const value = schema && takesValue(choice) ? { value: valueIn(ask, fields, draft) } : {};
      setSent(choice);
      decide(ask.id, { choice, comment, ...value }).catch((error: unknown) => {
        setSent(null);
        setProblem(error instanceof Error ? error.message : String(error));
      });
    } catch (error) {
      setProblem((error as Error).message);
    }
  };

  return (
    <form className="form decide-form" onSubmit={submit} aria-busy={sent !== null}>
      {editing && <FormFields fields={fields} draft={draft} onChange={setDraft} prefix={ask.id} />}
      {edits && schema && <Changes ask={ask} fields={fields} draft={draft} />}
      <div className="field is-long">
        <label htmlFor={`comment-${ask.id}`}>
          {free ? "Your answer" : "Comment"} {!free && <span className="quiet">(optional)</span>}
        </label>
        <textarea
          id={`comment-${ask.id}`}
          className="textarea"
          value={comment}
          maxLength={10_000}
          rows={free ? 3 : 1}
          required={free}
          placeholder={reasonOf(ask).comment}
          onChange={(event) => setComment(event.target.value)}
          onKeyDown={sendByKey}
        />
      </div>
      {problem && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <div className="form-actions">
        {offered.map((choice) => (
          <button
            key={choice}
            type="submit"
            value={choice}
            className={`btn ${choice === first ? "btn-primary" : refuses(choice) ? "btn-danger" : ""}`}
            data-first={choice === first || undefined}
            disabled={sent !== null}
          >
            {sent === choice ? "Sending…" : wordFor(choice, editing, ask)}
          </button>
        ))}
        {edits && (
          <button type="button" className="btn btn-quiet" onClick={() => setEditing(false)}>
            Back
          </button>
        )}
      </div>
    </form>
  );
}

/** Ctrl+Enter in the comment sends the first choice. */
function sendByKey(event: KeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  const { form } = event.currentTarget;
  form?.requestSubmit(form.querySelector<HTMLButtonElement>("button[data-first]"));
}

/** What the fields say so far against what was proposed; nothing while they cannot be read. */
function Changes({ ask, fields, draft }: { ask: Ask; fields: Field[]; draft: Draft }) {
  let value: Json;
  try {
    value = valueIn(ask, fields, draft);
  } catch {
    return null;
  }
  return <Diff before={ask.proposed} after={value} />;
}

/** The value as the form has it: what the form has no field for stays as it was proposed. */
function valueIn(ask: Ask, fields: readonly Field[], draft: Draft): Json {
  const read = readDraft(fields, draft);
  const before = ask.proposed;
  if (!ask.choices.includes("edit") || !isObject(read) || !isObject(before)) return read;
  const value = { ...before, ...read };
  for (const field of fields) {
    const left = field.kind === "check" ? read[field.name] === false : !(field.name in read);
    const kept = field.kind === "check" && field.name in before;
    if (left && !field.required && !kept) delete value[field.name];
  }
  return value;
}

function wordFor(choice: string, editing: boolean, ask: Ask): string {
  if (choice === "edit" && ask.reason === "failures") {
    return editing ? "Go on with this result" : "Write its result…";
  }
  if (choice === "edit") return editing ? "Send what is edited" : "Edit…";
  return wordOf(choice);
}
