import { About } from "../decide/About";
import { AnswerForm } from "../decide/AnswerForm";
import { askOf, type Decide, reasonOf } from "../decide/ask";
import { Due } from "../decide/Due";
import type { ActionState } from "../journal/fold";
import { Icon } from "./parts";

type Props = {
  action: ActionState;
  name: (role: string) => string;
  decide: Decide | null;
};

/** A question to a person, answered where it stands. It goes once the journal has the decision. */
export function Question({ action, name, decide }: Props) {
  const ask = askOf(action);
  const reason = reasonOf(ask);
  const who = action.agent ? name(action.agent) : "The run";
  return (
    <article
      className="run-question"
      data-status="waiting"
      aria-labelledby={`question-${action.id}`}
    >
      <p className="status status-plain">
        <Icon name={reason.icon} />
        {[reason.word, who, ask.assignee && `for ${ask.assignee}`].filter(Boolean).join(" · ")}
      </p>
      <h2 id={`question-${action.id}`}>{ask.question}</h2>
      <Due ask={ask} />
      <About ask={ask} name={name} />
      {decide ? (
        <AnswerForm ask={ask} decide={decide} />
      ) : (
        <p className="quiet">Someone who may decide in this team has to answer.</p>
      )}
    </article>
  );
}
