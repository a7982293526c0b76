import { kindOf } from "../../graph/document";
import { counted } from "../canvas/actions";
import { CheckField } from "../fields/choice";
import { Section } from "../fields/Field";
import { AreaField, NumberField } from "../fields/text";
import { useEditor } from "../store/editor";
import { setRole } from "./editing";
import type { RoleProps } from "./RoleInspector";

const CACHE_S = 2_592_000;
const AGES: [string, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** An age in the largest unit that fits it, as nobody counts days in seconds. */
function ageOf(seconds = CACHE_S): string {
  const [word, unit] = AGES.find(([, size]) => seconds >= size) ?? ["second", 1];
  return `${counted(Math.round((seconds / unit) * 10) / 10, word)}.`;
}

/** What is done when the role fails, and whether its results are found again. */
export function RoleResilience({ name, role }: RoleProps) {
  const disabled = !useEditor((state) => state.mayChange);
  const path = `roles.${name}`;
  const model = kindOf(role) === "model";
  const some = Boolean(role.fallback_instructions || role.cache);
  return (
    <Section title="Failures and cache" note={some ? "set" : "standard"} open={false}>
      {model && (
        <AreaField
          label="Simpler approach"
          path={`${path}.fallback_instructions`}
          rows={4}
          hint="Instructions for one more attempt when all retries and fallback models have failed. After that the failure handler takes over, if the crew has one."
          placeholder="Give the shortest answer that is surely right, and say what is missing."
          value={role.fallback_instructions ?? ""}
          disabled={disabled}
          change={(text) => setRole(name, "fallback_instructions", text)}
        />
      )}
      <CheckField
        label="Take results of identical calls from earlier runs"
        hint="Within the team; shown with its origin, and free. For work that depends on nothing but its input."
        path={`${path}.cache`}
        checked={role.cache ?? false}
        disabled={disabled}
        change={(on) => setRole(name, "cache", on || undefined)}
      />
      {role.cache && (
        <NumberField
          label="Not older than"
          path={`${path}.cache_s`}
          placeholder={String(CACHE_S)}
          suffix="s"
          hint={ageOf(role.cache_s)}
          whole
          min={1}
          max={31622400}
          value={role.cache_s}
          disabled={disabled}
          change={(value) => setRole(name, "cache_s", value)}
        />
      )}
    </Section>
  );
}
