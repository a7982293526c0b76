import { isObject, type Json, objectOf, textOf } from "../journal/entry";
import type { ActionState } from "../journal/fold";
import { Icon } from "./parts";

/** Input and output of an action in full, as data: nothing in them is interpreted. */
export function Detail({ action, auditUrl }: { action: ActionState; auditUrl: string }) {
  const input = objectOf(action.input);
  const messages = action.type === "model_call" && Array.isArray(input?.messages) ? input.messages : null;
  return (
    <div className="run-detail">
      <h4 className="eyebrow">Input</h4>
      {textOf(input?.system) && <Said by="system" content={input?.system ?? null} />}
      {messages ? messages.map((one, n) => <Message key={`${n}-${action.id}`} message={one} />) : <Value value={action.input} />}
      <h4 className="eyebrow">Output</h4>
      {action.output === null ? <p className="quiet">Nothing yet.</p> : <Output action={action} />}
      <p>
        <a className="btn btn-sm" href={`${auditUrl}${action.id}/`}>
          <Icon name="search" />
          Open in the audit
        </a>
      </p>
    </div>
  );
}

function Output({ action }: { action: ActionState }) {
  const output = objectOf(action.output);
  if (action.type !== "model_call" || !output) return <Value value={action.output} />;
  const calls = Array.isArray(output.tool_calls) ? output.tool_calls : [];
  return (
    <>
      {textOf(output.text) && <Value value={output.text ?? null} />}
      {calls.map((call, n) => (
        <Said
          key={`${n}-${textOf(objectOf(call)?.id)}`}
          by={`calls ${textOf(objectOf(call)?.name)}`}
          content={objectOf(call)?.arguments ?? null}
        />
      ))}
    </>
  );
}

function Message({ message }: { message: Json }) {
  const one = objectOf(message);
  if (!one) return <Value value={message} />;
  const { role, content, ...more } = one;
  const rest = Object.keys(more).length > 0 ? more : null;
  return <Said by={textOf(role) || "message"} content={content ?? rest} more={content === undefined ? null : rest} />;
}

function Said({ by, content, more = null }: { by: string; content: Json; more?: Json }) {
  return (
    <div className="run-said">
      <span className="run-said-by">{by}</span>
      <div>
        {content !== null && content !== "" && <Value value={content} />}
        {more !== null && <Value value={more} />}
      </div>
    </div>
  );
}

/** Text as it is, everything else as JSON; text parts of messages and printed output in their lines. */
export function Value({ value }: { value: Json }) {
  if (value === null) return <p className="quiet">None.</p>;
  if (isObject(value) && typeof value.stdout === "string") return <Printed value={value} />;
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return <pre className="run-value">{text}</pre>;
}

function Printed({ value }: { value: { [key: string]: Json } }) {
  const { stdout, stderr, ...rest } = value;
  return (
    <>
      {textOf(stdout) && <pre className="run-value">{textOf(stdout)}</pre>}
      {textOf(stderr) && (
        <pre className="run-value" data-status="failed">
          {textOf(stderr)}
        </pre>
      )}
      <pre className="run-value">{JSON.stringify(rest, null, 2)}</pre>
    </>
  );
}
