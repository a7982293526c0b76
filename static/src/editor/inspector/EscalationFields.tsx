import type { CrewDocument, Escalation, Role } from "../../graph/document";
import { Section } from "../fields/Field";
import { NumberField, TextField } from "../fields/text";
import { withFilled } from "../model/crew";
import { edit, useEditor } from "../store/editor";
import { changeRole } from "./editing";

type Props = {
  /** Where the escalation stands in the document, before `escalation`. */
  at: string;
  escalation: Escalation | undefined;
  /** What holds where a field is left empty. */
  otherwise: { assignee: string; deadline: string; outcome: string };
  change: <K extends keyof Escalation>(field: K, value: Escalation[K] | undefined) => void;
};

/** Who decides where a person must, until when, and what holds then. */
function EscalationFields({ at, escalation = {}, otherwise, change }: Props) {
  const disabled = !useEditor((state) => state.mayChange);
  const path = `${at}escalation`;
  const set = Object.keys(escalation).length > 0;
  return (
    <Section title="Questions to people" note={set ? "set" : "as usual"} open={false}>
      <TextField
        label="Asked first"
        path={`${path}.assignee`}
        placeholder={otherwise.assignee}
        hint="The e-mail address of a member; everybody who may decide still can."
        value={escalation.assignee ?? ""}
        disabled={disabled}
        change={(value) => change("assignee", value)}
      />
      <div className="ed-pair">
        <NumberField
          label="Deadline"
          path={`${path}.deadline_s`}
          placeholder={otherwise.deadline}
          suffix="s"
          whole
          min={1}
          value={escalation.deadline_s}
          disabled={disabled}
          change={(value) => change("deadline_s", value)}
        />
        <TextField
          label="If nobody decides"
          path={`${path}.default`}
          placeholder={otherwise.outcome}
          hint="reject, approve, or a choice of the question"
          value={escalation.default ?? ""}
          disabled={disabled}
          change={(value) => change("default", value)}
        />
      </div>
    </Section>
  );
}

export function CrewEscalation({ document }: { document: CrewDocument }) {
  return (
    <EscalationFields
      at=""
      escalation={document.escalation}
      otherwise={{ assignee: "who started the run", deadline: "none", outcome: "it stays open" }}
      change={(field, value) =>
        edit(
          (before) =>
            withFilled(before, "escalation", withFilled(before.escalation ?? {}, field, value)),
          `escalation.${field}`,
        )
      }
    />
  );
}

export function RoleEscalation({ name, role }: { name: string; role: Role }) {
  return (
    <EscalationFields
      at={`roles.${name}.`}
      escalation={role.escalation}
      otherwise={{ assignee: "as the crew", deadline: "as the crew", outcome: "as the crew" }}
      change={(field, value) =>
        changeRole(name, `escalation.${field}`, (before) =>
          withFilled(before, "escalation", withFilled(before.escalation ?? {}, field, value)),
        )
      }
    />
  );
}
