import { useId } from "react";
import type { ModelChoice, Program, Role, Tier } from "../../graph/document";
import { kindOf } from "../../graph/document";
import { ListField, SelectField } from "../fields/choice";
import { CodeField, JsonField, type Language } from "../fields/code";
import { Field, Section } from "../fields/Field";
import { NumberField, TextField } from "../fields/text";
import { withField } from "../model/crew";
import { useEditor } from "../store/editor";
import { changeRole, setModel } from "./editing";
import type { RoleProps } from "./RoleInspector";

/** What does the work: a model, a program, a command or another crew. */
export function RoleEngine({ name, role }: RoleProps) {
  switch (kindOf(role)) {
    case "model":
      return <ModelFields name={name} model={("model" in role && role.model) || {}} />;
    case "code":
      return <ProgramFields name={name} program={"program" in role ? role.program : undefined} />;
    case "command":
      return <CommandFields name={name} role={role} />;
    case "crew":
      return <CrewFields name={name} role={role} />;
    case "human":
      return null;
  }
}

const TIERS: { value: Tier; label: string }[] = [
  { value: "fast", label: "Fast: quick and cheap" },
  { value: "balanced", label: "Balanced" },
  { value: "best", label: "Best: for the hard parts" },
];

function ModelFields({ name, model }: { name: string; model: ModelChoice }) {
  const disabled = !useEditor((state) => state.mayChange);
  const providers = useEditor((state) => state.catalog.providers);
  const path = `roles.${name}.model`;
  const named = model.tier === undefined && (model.provider ?? model.name) !== undefined;
  const choose = (value: string) =>
    changeRole(
      name,
      "model.choice",
      (role) =>
        ({
          ...role,
          model: chosen(model, value),
        }) as Role,
    );
  const choices = [
    ...TIERS,
    ...providers.map((provider) => ({
      value: `at ${provider.name}`,
      label: `A model at ${provider.title}`,
    })),
  ];
  return (
    <>
      <SelectField
        label="Model"
        path={named ? `${path}.provider` : `${path}.tier`}
        hint={named ? "" : "The team's settings say which model a tier is."}
        value={model.tier ?? (named ? `at ${model.provider ?? ""}` : "")}
        choices={choices}
        disabled={disabled}
        change={choose}
      />
      {named && <NamedModel name={name} model={model} />}
      <Section title="Model settings" open={false}>
        <div className="ed-pair">
          <NumberField
            label="Temperature"
            path={`${path}.temperature`}
            placeholder="the model's own"
            min={0}
            max={2}
            value={model.temperature}
            disabled={disabled}
            change={(value) => setModel(name, "temperature", value)}
          />
          <NumberField
            label="Longest answer"
            path={`${path}.max_tokens`}
            placeholder="4096"
            suffix="tokens"
            whole
            min={1}
            value={model.max_tokens}
            disabled={disabled}
            change={(value) => setModel(name, "max_tokens", value)}
          />
        </div>
        <TextField
          label="Credential"
          path={`${path}.credential`}
          hint="The name of a key in the team's settings."
          placeholder="default"
          value={model.credential ?? ""}
          disabled={disabled}
          change={(value) => setModel(name, "credential", value)}
        />
        <JsonField
          label="Fallback models"
          path={`${path}.fallback`}
          hint="Tried in this order when the model cannot be reached."
          rows={3}
          placeholder='[{"tier": "fast"}]'
          value={model.fallback}
          disabled={disabled}
          change={(value) => setModel(name, "fallback", value as ModelChoice[] | undefined)}
        />
      </Section>
    </>
  );
}

/** A tier takes the place of provider and name, and the other way round. */
function chosen(model: ModelChoice, value: string): ModelChoice {
  const { tier: _tier, provider: _provider, name, ...rest } = model;
  if (!value.startsWith("at ")) return { tier: value as Tier, ...rest };
  return { provider: value.slice(3), name: name ?? "", ...rest };
}

function NamedModel({ name, model }: { name: string; model: ModelChoice }) {
  const disabled = !useEditor((state) => state.mayChange);
  const providers = useEditor((state) => state.catalog.providers);
  const known = providers.find((provider) => provider.name === model.provider)?.models ?? [];
  const list = useId();
  return (
    <Field label="Model name" path={`roles.${name}.model.name`} hint="As the provider calls it.">
      {(control) => (
        <>
          <input
            {...control}
            className="input mono"
            list={list}
            value={model.name ?? ""}
            disabled={disabled}
            onChange={(event) => {
              const typed = event.target.value;
              changeRole(
                name,
                "model.name",
                (role) => ({ ...role, model: { ...model, name: typed } }) as Role,
              );
            }}
          />
          <datalist id={list}>
            {known.map((option) => (
              <option key={option} value={option} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

const LANGUAGES: { value: NonNullable<Program["language"]>; label: string }[] = [
  { value: "python", label: "Python" },
  { value: "javascript", label: "JavaScript" },
  { value: "shell", label: "Shell" },
];

function ProgramFields({ name, program }: { name: string; program: Program | undefined }) {
  const disabled = !useEditor((state) => state.mayChange);
  const given: Program = program ?? { source: "" };
  const language = given.language ?? "python";
  const set = (field: string, next: Program) =>
    changeRole(name, `program.${field}`, (role) => ({ ...role, program: next }) as Role);
  return (
    <>
      <SelectField
        label="Language"
        path={`roles.${name}.program.language`}
        value={language}
        choices={LANGUAGES}
        disabled={disabled}
        change={(value) =>
          set("language", { ...given, language: value as NonNullable<Program["language"]> })
        }
      />
      <CodeField
        label="Program"
        path={`roles.${name}.program.source`}
        hint="Gets the payload as JSON on stdin and writes its result as JSON to stdout."
        language={language as Language}
        rows={12}
        value={given.source}
        disabled={disabled}
        change={(source) => set("source", { ...given, source })}
      />
    </>
  );
}

function CommandFields({ name, role }: RoleProps) {
  const disabled = !useEditor((state) => state.mayChange);
  const command = ("command" in role && role.command) || { argv: [] };
  const set = (field: string, next: typeof command) =>
    changeRole(name, `command.${field}`, (before) => ({ ...before, command: next }) as Role);
  return (
    <>
      <ListField
        label="Command"
        path={`roles.${name}.command.argv`}
        hint="The program and its arguments, one by one. The task comes on stdin."
        values={command.argv}
        disabled={disabled}
        change={(argv) => set("argv", { ...command, argv })}
      />
      <TextField
        label="Credential"
        path={`roles.${name}.command.credential`}
        hint="The name of a key that the command finds in its environment."
        placeholder="none"
        value={command.credential ?? ""}
        disabled={disabled}
        change={(value) => set("credential", withField(command, "credential", value || undefined))}
      />
    </>
  );
}

function CrewFields({ name, role }: RoleProps) {
  const disabled = !useEditor((state) => state.mayChange);
  const crew = ("crew" in role && role.crew) || { slug: "" };
  const set = (field: string, next: typeof crew) =>
    changeRole(name, `crew.${field}`, (before) => ({ ...before, crew: next }) as Role);
  return (
    <div className="ed-pair">
      <TextField
        label="Crew"
        path={`roles.${name}.crew.slug`}
        hint="Its short name, as in its address."
        value={crew.slug}
        disabled={disabled}
        change={(slug) => set("slug", { ...crew, slug })}
      />
      <NumberField
        label="Version"
        path={`roles.${name}.crew.version`}
        placeholder="the newest"
        whole
        min={1}
        value={crew.version}
        disabled={disabled}
        change={(version) => set("version", withField(crew, "version", version))}
      />
    </div>
  );
}
