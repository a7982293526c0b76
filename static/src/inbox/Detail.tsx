import { About } from "../decide/About";
import { AnswerForm } from "../decide/AnswerForm";
import { type Decide, reasonOf } from "../decide/ask";
import { Due } from "../decide/Due";
import { useNow } from "../run/clock";
import { Icon } from "../run/parts";
import type { Item } from "./inbox";
import { since } from "./Row";

type Props = { item: Item; armed: string | null; decide: Decide | null };

/** The open question: what it is about as it was journaled, and the form that settles it. */
export function Detail({ item, armed, decide }: Props) {
  const { ask } = item;
  const now = useNow(true, 15_000);
  const reason = reasonOf(ask);
  return (
    <article className="inbox-question" aria-labelledby={`question-${ask.id}`}>
      <p className="status status-plain" data-status="waiting">
        <Icon name={reason.icon} />
        {reason.word}
      </p>
      <h2 id={`question-${ask.id}`} className={ask.question.length > 160 ? "is-long" : ""}>
        {ask.question}
      </h2>
      <p className="inbox-facts">
        <span>
          {item.role} · {item.crew}
        </span>
        <a className="link" href={`/runs/${item.run}/`}>
          {item.title || "The run"}
        </a>
        <span>
          asked <time dateTime={item.askedAt}>{since(item.askedAt, now)}</time>
          {ask.assignee ? ` of ${ask.assignee}` : ""}
        </span>
        {item.startedBy && <span>run started by {item.startedBy}</span>}
      </p>
      <Due ask={ask} />
      {item.paused && (
        <p className="quiet">The run is paused; it goes on once it is resumed as well.</p>
      )}
      <About ask={ask} />
      {decide ? (
        <AnswerForm ask={ask} decide={decide} armed={armed} />
      ) : (
        <p className="quiet">Your role lets you look. Somebody who may decide has to answer.</p>
      )}
    </article>
  );
}
