import {
  KIND_WORDS,
  kindOf,
  ROLE_KINDS,
  type Role,
  type RoleKind,
  titleOf,
} from "../../graph/document";
import { Icon } from "../../graph/icons";
import { duplicateSelected, removeSelected } from "../canvas/actions";
import { ListField, SelectField } from "../fields/choice";
import { Section } from "../fields/Field";
import { AreaField, ParsedField, TextField } from "../fields/text";
import { nameFault } from "../model/names";
import { renameRole, setKind, setSeat } from "../model/roles";
import { currentPattern, edit, select, useEditor } from "../store/editor";
import { RoleEscalation } from "./EscalationFields";
import { setRole } from "./editing";
import { RoleEngine } from "./RoleEngine";
import { RoleHandoffs } from "./RoleHandoffs";
import { RoleLimitFields, RoleSandboxFields } from "./RoleLimits";
import { RoleResilience } from "./RoleResilience";
import { RoleTools } from "./RoleTools";
import { SchemaEditor } from "./SchemaEditor";

export type RoleProps = { name: string; role: Role };

export function RoleInspector({ name, role }: RoleProps) {
  const disabled = !useEditor((state) => state.mayChange);
  const kind = kindOf(role);
  const path = `roles.${name}`;
  return (
    <>
      <Head name={name} role={role} />
      <div className="ed-inspector-body">
        <Basics name={name} role={role} />
        <RoleEngine name={name} role={role} />
        {(kind === "model" || kind === "human" || kind === "command") && (
          <AreaField
            label="Instructions"
            path={`${path}.instructions`}
            rows={7}
            placeholder={`What ${titleOf(name, role)} does, how, and what good work looks like.`}
            value={role.instructions ?? ""}
            disabled={disabled}
            change={(text) => setRole(name, "instructions", text)}
          />
        )}
        {kind === "model" && <RoleTools name={name} role={role} />}
        {(kind === "model" || kind === "code") && <RoleResilience name={name} role={role} />}
        <RoleHandoffs name={name} />
        <Section title="Result" note={role.returns ? "schema" : "anything"} open={false}>
          <SchemaEditor
            label="What it returns"
            path={`${path}.returns`}
            {...(kind === "human" ? { hint: "Becomes the form that the person fills in." } : {})}
            schema={role.returns}
            disabled={disabled}
            change={(schema) => setRole(name, "returns", schema)}
          />
        </Section>
        <Character name={name} role={role} />
        <RoleSandboxFields name={name} role={role} />
        <RoleEscalation name={name} role={role} />
        <RoleLimitFields name={name} role={role} />
      </div>
    </>
  );
}

function Head({ name, role }: RoleProps) {
  const disabled = !useEditor((state) => state.mayChange);
  return (
    <header className="ed-inspector-head">
      <span className="ed-inspector-kind">
        <Icon name={kindOf(role)} />
      </span>
      <div>
        <p className="eyebrow">{KIND_WORDS[kindOf(role)].title} role</p>
        <h2>{titleOf(name, role)}</h2>
      </div>
      <button
        type="button"
        className="btn btn-quiet btn-square"
        aria-label="Duplicate the role"
        title="Duplicate (Ctrl+D)"
        disabled={disabled}
        onClick={duplicateSelected}
      >
        <Icon name="copy" />
      </button>
      <button
        type="button"
        className="btn btn-quiet btn-square"
        aria-label="Delete the role"
        title="Delete"
        disabled={disabled}
        onClick={removeSelected}
      >
        <Icon name="trash" />
      </button>
    </header>
  );
}

function Basics({ name, role }: RoleProps) {
  const roles = useEditor((state) => state.document.roles);
  const pattern = useEditor(currentPattern);
  const disabled = !useEditor((state) => state.mayChange);
  const others = Object.keys(roles).filter((other) => other !== name);
  const rename = (to: string) => {
    edit((before) => renameRole(before, name, to, pattern?.options_schema));
    select({ nodes: [to] });
  };
  const parse = (typed: string) => {
    const fault = typed === name ? null : nameFault(typed, others);
    return fault ? { fault } : { value: typed };
  };
  const seats = (pattern?.seats ?? []).map((seat) => ({
    value: seat.name,
    label: seat.title || seat.name,
  }));
  return (
    <>
      <TextField
        label="Title"
        path={`roles.${name}.title`}
        placeholder={titleOf(name, undefined)}
        value={role.title ?? ""}
        disabled={disabled}
        change={(title) => setRole(name, "title", title)}
      />
      <div className="ed-pair">
        <ParsedField
          label="Name"
          path={`roles.${name}`}
          value={name}
          shown={(value) => value}
          parse={parse}
          commit="leaving"
          disabled={disabled}
          change={(to) => to !== name && rename(to)}
        />
        <SelectField
          label="Seat"
          path={`roles.${name}.seat`}
          value={role.seat}
          choices={seats}
          disabled={disabled}
          change={(seat) => edit((before) => setSeat(before, name, seat))}
        />
      </div>
      <SelectField
        label="Who does it"
        path={`roles.${name}.kind`}
        hint={KIND_WORDS[kindOf(role)].hint}
        value={kindOf(role)}
        choices={ROLE_KINDS.map((kind) => ({ value: kind, label: KIND_WORDS[kind].title }))}
        disabled={disabled}
        change={(kind) => edit((before) => setKind(before, name, kind as RoleKind))}
      />
    </>
  );
}

/** What others are told about the role, and what it must not do. */
function Character({ name, role }: RoleProps) {
  const disabled = !useEditor((state) => state.mayChange);
  const events = useEditor((state) => state.document.pattern.name) === "events";
  const rules = useEditor((state) => state.catalog.constraints);
  const enforced = rules.filter((rule) =>
    role.constraints?.some((text) => new RegExp(rule.pattern).test(text.toLowerCase())),
  );
  const parts = [
    ["responsibilities", "Responsibilities", "Told to the roles that hand work to this one."],
    ["constraints", "Constraints", "Rules that the role is reminded of."],
    ...(events ? [["subscribes", "Reacts to", "Types of events that wake this role."]] : []),
  ] as ["responsibilities" | "constraints" | "subscribes", string, string][];
  return (
    <Section title="Responsibilities and constraints" open={events}>
      {parts.map(([field, label, hint]) => (
        <ListField
          key={field}
          label={label}
          path={`roles.${name}.${field}`}
          hint={hint}
          values={role[field] ?? []}
          disabled={disabled}
          change={(values) => setRole(name, field, values)}
        />
      ))}
      {enforced.length > 0 && (
        <p className="hint">
          Enforced by code:{" "}
          {enforced.map((rule) => `${rule.name} (${lower(rule.summary)})`).join("; ")}. All others
          are told to the model.
        </p>
      )}
    </Section>
  );
}

function lower(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, "");
}
