import { isObject, type Json, type JsonObject, objectOf, textOf } from "../journal/entry";
import type { ActionState } from "../journal/fold";
import { type Citation, citationsOf } from "./citations";
import { Icon } from "./parts";

type Props = { action: ActionState; auditUrl: string; forkUrl: string | null };

/** Input and output of an action in full, as data: nothing in them is interpreted. */
export function Detail({ action, auditUrl, forkUrl }: Props) {
  const input = objectOf(action.input);
  const messages =
    action.type === "model_call" && Array.isArray(input?.messages) ? input.messages : null;
  return (
    <div className="run-detail">
      <h4 className="eyebrow">Input</h4>
      {textOf(input?.system) && <Said by="system" content={input?.system ?? null} />}
      {messages ? (
        messages.map((one, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an input never changes
          <Message key={n} message={one} />
        ))
      ) : (
        <Value value={action.input} />
      )}
      <h4 className="eyebrow">Output</h4>
      {action.output === null ? (
        <p className="quiet">{action.ended_at ? "None." : "Nothing yet."}</p>
      ) : (
        <Output action={action} />
      )}
      {textOf(action.error?.partial_text) && (
        <>
          <h4 className="eyebrow">Written until then, incomplete</h4>
          <Value value={action.error?.partial_text ?? null} />
        </>
      )}
      {action.cached && <Origin cached={action.cached} />}
      <p className="actions">
        <a className="btn btn-sm" href={`${auditUrl}${action.id}/`}>
          <Icon name="search" />
          Open in the audit
        </a>
        {forkUrl && (
          <a className="btn btn-sm" href={`${forkUrl}${action.id}/`}>
            <Icon name="fork" />
            Fork from here
          </a>
        )}
      </p>
    </div>
  );
}

/** Whose result it is, where an identical call or sub-task was found again. */
function Origin({ cached }: { cached: JsonObject }) {
  const run = textOf(cached.run);
  return (
    <p className="quiet">
      Taken from{" "}
      <a href={`/runs/${run}/audit/${textOf(cached.action)}/`}>the same call in another run</a>; it
      cost nothing.
    </p>
  );
}

function Output({ action }: { action: ActionState }) {
  const output = objectOf(action.output);
  if (action.type === "tool_call") {
    return (
      <>
        <Cited citations={citationsOf(action.output)} />
        <Value value={action.output} />
      </>
    );
  }
  if (action.type !== "model_call" || !output) return <Value value={action.output} />;
  return (
    <>
      {textOf(output.text) && <Value value={output.text ?? null} />}
      <Calls calls={output.tool_calls} />
    </>
  );
}

/** The sources that a tool names, numbered as the model sees them. */
function Cited({ citations }: { citations: Citation[] }) {
  if (citations.length === 0) return null;
  return (
    <ol className="run-cited" aria-label="Sources">
      {citations.map((one, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a result never changes
        <li key={n}>
          <a href={one.href} {...(one.outside ? { target: "_blank", rel: "noreferrer" } : {})}>
            {one.title}
          </a>
        </li>
      ))}
    </ol>
  );
}

/** What a user, the model or a tool said: text, tool calls, results. */
function Message({ message }: { message: Json }) {
  const one = objectOf(message);
  if (!one) return <Value value={message} />;
  const results = Array.isArray(one.results) ? one.results.filter(isObject) : [];
  if (!one.text && !one.tool_calls && results.length === 0) return <Value value={message} />;
  return (
    <>
      {textOf(one.text) && <Said by={textOf(one.role)} content={one.text ?? null} />}
      <Calls calls={one.tool_calls} />
      {results.map((result, n) => (
        <Said
          // biome-ignore lint/suspicious/noArrayIndexKey: what was said never changes
          key={n}
          by={`${textOf(result.name)} ${result.is_error ? "failed" : "answers"}`}
          content={result.text ?? null}
        />
      ))}
    </>
  );
}

function Calls({ calls }: { calls: Json | undefined }) {
  const all = Array.isArray(calls) ? calls.filter(isObject) : [];
  return all.map((call, n) => (
    <Said
      // biome-ignore lint/suspicious/noArrayIndexKey: what was said never changes
      key={n}
      by={`calls ${textOf(call.name)}`}
      content={call.arguments ?? null}
    />
  ));
}

function Said({ by, content }: { by: string; content: Json }) {
  return (
    <div className="run-said">
      <span className="run-said-by">{by}</span>
      <Value value={content} />
    </div>
  );
}

/** Text as it is; an object with long texts field by field, so that their lines show; else JSON. */
export function Value({ value, prose = false }: { value: Json; prose?: boolean }) {
  if (value === null) return <p className="quiet">None.</p>;
  const fields = isObject(value) && hasLongText(value) ? Object.entries(value) : null;
  if (!fields) return <Text text={written(value)} prose={prose && typeof value === "string"} />;
  return fields
    .filter(([, part]) => part !== "" && part !== null)
    .map(([name, part]) => <Field key={name} name={name} text={written(part)} />);
}

function Field({ name, text }: { name: string; text: string }) {
  const short = text.length <= SHORT && !text.includes("\n");
  return (
    <div className={short ? "run-said is-short" : "run-said"}>
      <span className="run-said-by">{name}</span>
      <Text text={text} />
    </div>
  );
}

/** Text as it is; what is cut off by the box's height can be reached by keyboard. */
export function Text({ text, prose = false }: { text: string; prose?: boolean }) {
  const tall = text.length > 180 || text.split("\n").length > 4;
  return (
    <pre className={prose ? "run-value is-prose" : "run-value"} {...(tall ? { tabIndex: 0 } : {})}>
      {text}
    </pre>
  );
}

/** What is no longer stands beside its name, without a box of its own. */
const SHORT = 60;

/** As runs/templatetags/runs.py decides it for the audit. */
function hasLongText(value: JsonObject): boolean {
  return Object.values(value).some(
    (part) => typeof part === "string" && (part.length > SHORT || part.includes("\n")),
  );
}

function written(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
