import type { ReactNode } from "react";
import { isObject, type Json } from "../journal/entry";
import { brief } from "../journal/feed";
import type { TaskProgress, TaskStatus } from "../journal/progress";
import { Icon } from "./parts";

const LOOKS: Record<TaskStatus, { look: string; word: string }> = {
  queued: { look: "queued", word: "Queued" },
  in_progress: { look: "running", word: "In progress" },
  completed: { look: "done", word: "Completed" },
  failed: { look: "failed", word: "Failed" },
};

const EXCERPT = 400;

type Props = {
  tabs: ReactNode;
  tasks: readonly TaskProgress[];
  role: string | null;
  name: (role: string) => string;
};

/** What was delegated or is still to come, and how far each is. */
export function Tasks({ tabs, tasks, role, name }: Props) {
  const shown = role === null ? tasks : tasks.filter((one) => one.agent === role);
  const done = tasks.filter((one) => one.status === "completed").length;
  return (
    <section className="panel run-feed" aria-label="Tasks">
      <div className="panel-head">
        {tabs}
        <span className="quiet num">
          {done} of {tasks.length} done
        </span>
      </div>
      <section
        className="run-feed-box"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="Tasks and how far they are"
      >
        {shown.length === 0 && (
          <p className="run-feed-none quiet">{role && name(role)} has no task so far.</p>
        )}
        <ul className="run-tasks">
          {shown.map((task, n) => (
            <Task key={task.action ?? `queued${n}`} task={task} name={name} />
          ))}
        </ul>
      </section>
    </section>
  );
}

type TaskProps = { task: TaskProgress; name: (role: string) => string };

function Task({ task, name }: TaskProps) {
  const { look, word } = LOOKS[task.status];
  const brought = task.status === "completed" ? broughtBy(task.output) : "";
  return (
    <li data-status={look}>
      <div className="run-task-head">
        <span className="run-row-icon">
          <Icon name={look} />
        </span>
        <strong>{name(task.agent)}</strong>
        <span className="quiet">
          {word}
          {task.status === "in_progress" && <span className="num"> {task.percent} %</span>}
        </span>
      </div>
      {task.task && <p className="run-task-text">{task.task}</p>}
      {task.status === "in_progress" && (
        <span
          className="run-bar"
          role="progressbar"
          aria-label={`${name(task.agent)}: how far it is`}
          aria-valuenow={task.percent}
          aria-valuemin={0}
          aria-valuemax={100}
        >
          <span style={{ width: `${task.percent}%` }} />
        </span>
      )}
      {task.error && <p className="run-task-error">{task.error}</p>}
      {brought && <p className="run-task-text is-brought">{brought}</p>}
    </li>
  );
}

/** The beginning of a result; a delegation's stands beside how it was passed on. */
function broughtBy(output: Json): string {
  const result = isObject(output) && output.result !== undefined ? output.result : output;
  return brief(result).slice(0, EXCERPT);
}
