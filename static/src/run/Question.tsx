import { AnswerForm } from "../decide/AnswerForm";
import { askOf, type Decide } from "../decide/ask";
import { Due } from "../decide/Due";
import { objectOf } from "../journal/entry";
import type { ActionState } from "../journal/fold";
import { Value } from "./Detail";
import { Icon } from "./parts";

type Props = { action: ActionState; who: string; decide: Decide | null };

/** A question to a person, answered where it stands. It goes once the journal has the decision. */
export function Question({ action, who, decide }: Props) {
  const ask = askOf(action);
  return (
    <article
      className="run-question"
      data-status="waiting"
      aria-labelledby={`question-${action.id}`}
    >
      <p className="status status-plain">
        <Icon name="waiting" />
        {who} asks {ask.assignee || "a person"}
      </p>
      <h2 id={`question-${action.id}`}>{ask.question}</h2>
      <Due ask={ask} />
      {ask.reason === "approval" && <Value value={ask.proposed} />}
      {ask.context != null && !isBare(ask) && (
        <details>
          <summary>What it is about</summary>
          <Value value={ask.context} />
        </details>
      )}
      {decide ? (
        <AnswerForm ask={ask} decide={decide} />
      ) : (
        <p className="quiet">Someone who may decide in this team has to answer.</p>
      )}
    </article>
  );
}

/** A context that says no more than the question: which tool is to be called. */
function isBare(ask: ReturnType<typeof askOf>): boolean {
  return ask.reason === "approval" && Object.keys(objectOf(ask.context) ?? {}).length <= 1;
}
