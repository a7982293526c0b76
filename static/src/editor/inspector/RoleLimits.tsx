import { kindOf, type RoleLimits, type Sandbox } from "../../graph/document";
import { ListField, SelectField } from "../fields/choice";
import { Section } from "../fields/Field";
import { MoneyField, NumberField, TextField } from "../fields/text";
import { withFilled } from "../model/crew";
import { useEditor } from "../store/editor";
import { changeRole } from "./editing";
import type { RoleProps } from "./RoleInspector";

export function RoleSandboxFields({ name, role }: RoleProps) {
  const disabled = !useEditor((state) => state.mayChange);
  const sandbox = role.sandbox ?? {};
  const path = `roles.${name}.sandbox`;
  const kind = kindOf(role);
  if (kind === "human" || kind === "crew") return null;
  const set = <K extends keyof Sandbox>(field: K, value: Sandbox[K] | undefined) =>
    changeRole(name, `sandbox.${field}`, (before) =>
      withFilled(before, "sandbox", withFilled(before.sandbox ?? {}, field, value)),
    );
  const network = sandbox.network ?? "none";
  const hosts = network === "none" ? null : Array.isArray(network) ? network : network.allow;
  return (
    <Section title="Sandbox" note={role.sandbox ? "own settings" : "standard"} open={false}>
      <div className="ed-pair">
        <TextField
          label="Image"
          path={`${path}.image`}
          placeholder="default"
          value={sandbox.image ?? ""}
          disabled={disabled}
          change={(value) => set("image", value)}
        />
        <TextField
          label="Shared with others as"
          path={`${path}.shared`}
          placeholder="not shared"
          value={sandbox.shared ?? ""}
          disabled={disabled}
          change={(value) => set("shared", value)}
        />
        <NumberField
          label="Memory"
          path={`${path}.memory_mb`}
          placeholder="512"
          suffix="MB"
          whole
          min={64}
          max={65536}
          value={sandbox.memory_mb}
          disabled={disabled}
          change={(value) => set("memory_mb", value)}
        />
        <NumberField
          label="Processors"
          path={`${path}.cpu`}
          placeholder="1"
          min={0.1}
          max={16}
          value={sandbox.cpu}
          disabled={disabled}
          change={(value) => set("cpu", value)}
        />
        <NumberField
          label="Longest command"
          path={`${path}.timeout_s`}
          placeholder="60"
          suffix="s"
          whole
          min={1}
          max={3600}
          value={sandbox.timeout_s}
          disabled={disabled}
          change={(value) => set("timeout_s", value)}
        />
        <SelectField
          label="Network"
          path={`${path}.network`}
          value={hosts ? "hosts" : "none"}
          choices={[
            { value: "none", label: "none" },
            { value: "hosts", label: "some hosts" },
          ]}
          disabled={disabled}
          change={(value) => set("network", value === "hosts" ? ["example.org"] : "none")}
        />
      </div>
      {hosts && (
        <ListField
          label="Hosts that may be reached"
          path={`${path}.network`}
          values={hosts}
          disabled={disabled}
          change={(values) => set("network", values.length > 0 ? values : "none")}
        />
      )}
    </Section>
  );
}

export function RoleLimitFields({ name, role }: RoleProps) {
  const disabled = !useEditor((state) => state.mayChange);
  const limits = role.limits ?? {};
  const path = `roles.${name}.limits`;
  const set = <K extends keyof RoleLimits>(field: K, value: RoleLimits[K] | undefined) =>
    changeRole(name, `limits.${field}`, (before) =>
      withFilled(before, "limits", withFilled(before.limits ?? {}, field, value)),
    );
  const whole = (
    field: "tokens" | "calls" | "actions" | "delegations" | "seconds" | "retries",
    label: string,
    none: string,
  ) => (
    <NumberField
      label={label}
      path={`${path}.${field}`}
      placeholder={none}
      whole
      min={field === "retries" ? 0 : 1}
      {...(field === "retries" ? { max: 10 } : {})}
      {...(field === "seconds" ? { suffix: "s" } : {})}
      value={limits[field]}
      disabled={disabled}
      change={(value) => set(field, value)}
    />
  );
  return (
    <Section title="Limits" note={role.limits ? "set" : "none"} open={false}>
      <div className="ed-pair">
        <MoneyField
          label="Cost"
          path={`${path}.cost_usd`}
          placeholder="no limit"
          value={limits.cost_usd}
          disabled={disabled}
          change={(value) => set("cost_usd", value)}
        />
        {whole("tokens", "Tokens", "no limit")}
        {whole("calls", "Model calls", "no limit")}
        {whole("actions", "Actions", "no limit")}
        {whole("delegations", "Delegations", "no limit")}
        {whole("seconds", "Time", "no limit")}
        {whole("retries", "Retries", "2")}
      </div>
    </Section>
  );
}
