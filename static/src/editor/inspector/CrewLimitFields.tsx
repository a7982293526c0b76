import type { BranchLimits, CrewLimits } from "../../graph/document";
import { SelectField } from "../fields/choice";
import { Section } from "../fields/Field";
import { MoneyField, NumberField } from "../fields/text";
import { withField, withFilled } from "../model/crew";
import { edit } from "../store/editor";

type Props = { limits: CrewLimits; disabled: boolean };
type Whole = "tokens" | "calls" | "actions" | "delegations" | "seconds" | "depth";

function change(key: string, next: (limits: CrewLimits) => CrewLimits): void {
  edit((before) => withFilled(before, "limits", next(before.limits ?? {})), `limits.${key}`);
}

/** What a run may use in all, and each of its branches; and when it is halted. */
export function CrewLimitFields({ limits, disabled }: Props) {
  const set = <K extends keyof CrewLimits>(key: K, value: CrewLimits[K] | undefined) =>
    change(key, (before) => withField(before, key, value));
  const whole = (key: Whole, label: string, none = "no limit") => (
    <NumberField
      label={label}
      path={`limits.${key}`}
      placeholder={none}
      whole
      min={1}
      {...(key === "seconds" ? { suffix: "s" } : {})}
      value={limits[key]}
      disabled={disabled}
      change={(value) => set(key, value)}
    />
  );
  const { branch, breaker, on_failures, ...ofRun } = limits;
  const some = Object.keys(ofRun).length > 0;
  return (
    <>
      <Section title="Limits of a run" note={some ? "set" : "standard"} open={false}>
        <SelectField
          label="When one is reached"
          path="limits.on_reached"
          value={limits.on_reached ?? "ask"}
          choices={[
            { value: "ask", label: "ask a person for more" },
            { value: "end", label: "end the run" },
          ]}
          disabled={disabled}
          change={(value) => set("on_reached", value === "end" ? "end" : undefined)}
        />
        <div className="ed-pair">
          <MoneyField
            label="Cost"
            path="limits.cost_usd"
            placeholder="no limit"
            value={limits.cost_usd}
            disabled={disabled}
            change={(value) => set("cost_usd", value)}
          />
          {whole("tokens", "Tokens")}
          {whole("calls", "Model calls")}
          {whole("actions", "Actions", "500")}
          {whole("delegations", "Delegations")}
          {whole("depth", "Delegation depth")}
          {whole("seconds", "Time", "3600")}
        </div>
      </Section>
      <BranchFields limits={branch ?? {}} disabled={disabled} />
      <BreakerFields limits={limits} disabled={disabled} />
    </>
  );
}

function BranchFields({ limits, disabled }: { limits: BranchLimits; disabled: boolean }) {
  const set = <K extends keyof BranchLimits>(key: K, value: BranchLimits[K] | undefined) =>
    change(`branch.${key}`, (before) =>
      withFilled(before, "branch", withField(before.branch ?? {}, key, value)),
    );
  const whole = (key: Exclude<Whole, "depth">, label: string) => (
    <NumberField
      label={label}
      path={`limits.branch.${key}`}
      placeholder="no limit"
      whole
      min={1}
      {...(key === "seconds" ? { suffix: "s" } : {})}
      value={limits[key]}
      disabled={disabled}
      change={(value) => set(key, value)}
    />
  );
  const some = Object.keys(limits).length > 0;
  return (
    <Section title="Limits of each branch" note={some ? "set" : "none"} open={false}>
      <p className="hint">
        A branch is what runs beside others: a delegation, a subtask, a specialist, a peer.
      </p>
      <div className="ed-pair">
        <MoneyField
          label="Cost"
          path="limits.branch.cost_usd"
          placeholder="no limit"
          value={limits.cost_usd}
          disabled={disabled}
          change={(value) => set("cost_usd", value)}
        />
        {whole("tokens", "Tokens")}
        {whole("calls", "Model calls")}
        {whole("actions", "Actions")}
        {whole("delegations", "Delegations")}
        {whole("seconds", "Time")}
      </div>
    </Section>
  );
}

function BreakerFields({ limits, disabled }: Props) {
  const breaker = limits.breaker ?? {};
  const some = Object.keys(breaker).length > 0 || limits.on_failures === "proceed";
  const field = (
    key: "failures" | "window" | "repeats",
    label: string,
    none: string,
    suffix: string,
  ) => (
    <NumberField
      label={label}
      path={`limits.breaker.${key}`}
      placeholder={none}
      whole
      min={key === "repeats" ? 2 : 1}
      max={1000}
      suffix={suffix}
      value={breaker[key]}
      disabled={disabled}
      change={(value) =>
        change(`breaker.${key}`, (before) =>
          withFilled(before, "breaker", withField(before.breaker ?? {}, key, value)),
        )
      }
    />
  );
  return (
    <Section title="When a run is halted" note={some ? "set" : "standard"} open={false}>
      <SelectField
        label="When a role fails for the second time"
        path="limits.on_failures"
        value={limits.on_failures ?? "ask"}
        choices={[
          { value: "ask", label: "ask a person" },
          { value: "proceed", label: "go on without asking" },
        ]}
        disabled={disabled}
        change={(value) =>
          change("on_failures", (before) =>
            withField(before, "on_failures", value === "proceed" ? "proceed" : undefined),
          )
        }
        hint="A person tries it again, writes its result, goes on without it, or stops the run."
      />
      <p className="hint">
        A run is halted by so many failed calls among the last ones, or by the same call again with
        nothing new between.
      </p>
      <div className="ed-pair">
        {field("failures", "Failures", "5", "calls")}
        {field("window", "Among the last", "20", "calls")}
        {field("repeats", "The same call", "12", "times")}
      </div>
    </Section>
  );
}
