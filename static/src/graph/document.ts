/**
 * The crew document as the browser sees it (docs/crew-document.md).
 *
 * A draft may be half finished, so most parts are optional; fields unknown here are kept untouched.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonSchema = { [key: string]: Json };

export type Point = { x: number; y: number };

export type ModelChoice = {
  provider?: string;
  name?: string;
  tier?: Tier;
  temperature?: number;
  max_tokens?: number;
  credential?: string;
  fallback?: ModelChoice[];
};
export type Tier = "fast" | "balanced" | "best";

export type Sandbox = {
  image?: string;
  cpu?: number;
  memory_mb?: number;
  network?: "none" | string[] | { allow: string[] };
  timeout_s?: number;
  shared?: string | null;
};

/** Who decides where a person must, until when, and which choice is made then. */
export type Escalation = { assignee?: string; deadline_s?: number; default?: string };

/** Money is decimal in text, never a float. */
export type RoleLimits = {
  tokens?: number;
  cost_usd?: string;
  calls?: number;
  actions?: number;
  delegations?: number;
  seconds?: number;
  retries?: number;
};

/** A tool that a role may use: its name alone where nothing else is said. */
export type ToolUse = string | ToolChoice;
export type ToolChoice = {
  name: string;
  approval?: "always" | "never";
  options?: { [name: string]: Json };
  per_minute?: number;
};

export function toolName(use: ToolUse): string {
  return typeof use === "string" ? use : use.name;
}

type RoleBase = {
  seat: string;
  title?: string;
  responsibilities?: string[];
  capabilities?: string[];
  constraints?: string[];
  instructions?: string;
  fallback_instructions?: string;
  cache?: boolean;
  cache_s?: number;
  tools?: ToolUse[];
  returns?: JsonSchema;
  subscribes?: string[];
  sandbox?: Sandbox;
  escalation?: Escalation;
  limits?: RoleLimits;
};

export type Program = { language?: "python" | "javascript" | "shell"; source: string };

export type ModelRole = RoleBase & { kind?: "model"; model?: ModelChoice };
export type CodeRole = RoleBase & { kind: "code"; program?: Program };
export type CommandRole = RoleBase & {
  kind: "command";
  command?: { argv: string[]; credential?: string };
};
export type HumanRole = RoleBase & { kind: "human" };
export type NestedCrewRole = RoleBase & { kind: "crew"; crew?: { slug: string; version?: number } };

export type Role = ModelRole | CodeRole | CommandRole | HumanRole | NestedCrewRole;
export type RoleKind = "model" | "code" | "command" | "human" | "crew";

export type Handoff = {
  from: string;
  to: string;
  schema?: JsonSchema;
  required_confidence?: number;
  on_low_confidence?: "escalate" | "revise" | "proceed";
  on_invalid?: { retries?: number; then?: "escalate" | "fail" };
  when?: { field: string; equals?: Json };
  artifacts?: string[];
};

/** What each branch that runs beside others may use. */
export type BranchLimits = {
  cost_usd?: string;
  tokens?: number;
  calls?: number;
  actions?: number;
  delegations?: number;
  seconds?: number;
};

export type CrewLimits = {
  cost_usd?: string;
  tokens?: number;
  calls?: number;
  actions?: number;
  delegations?: number;
  depth?: number;
  seconds?: number;
  branch?: BranchLimits;
  breaker?: { failures?: number; window?: number; repeats?: number };
  on_reached?: "ask" | "end";
  on_failures?: "ask" | "proceed";
};

export type CrewDocument = {
  callsheet: 1;
  name: string;
  description?: string;
  pattern: { name: string; options?: { [key: string]: Json } };
  task?: { schema?: JsonSchema; example?: Json };
  roles: { [name: string]: Role };
  handoffs?: Handoff[];
  escalation?: Escalation;
  limits?: CrewLimits;
  layout?: { [name: string]: Point };
};

export const ROLE_KINDS: readonly RoleKind[] = ["model", "code", "human", "command", "crew"];

/** What each kind is, in one line: the palette and the inspector say it the same way. */
export const KIND_WORDS: Record<RoleKind, { title: string; hint: string }> = {
  model: { title: "Model", hint: "A language model with instructions and tools" },
  code: { title: "Code", hint: "A fixed program in a sandbox, JSON in and out" },
  human: { title: "Person", hint: "Someone answers in the app" },
  command: { title: "Command", hint: "An agent's command line in its sandbox" },
  crew: { title: "Crew", hint: "Another crew does this part" },
};

export function kindOf(role: Role): RoleKind {
  return role.kind ?? "model";
}

/** What people call the role: its title, or its name made readable. */
export function titleOf(name: string, role: Role | undefined): string {
  if (role?.title) return role.title;
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What does the work, in few words: the model or tier, the language, the program's name, … */
export function engineOf(role: Role): string {
  switch (kindOf(role)) {
    case "model": {
      const model = (role as ModelRole).model;
      return model?.tier ? `${model.tier} tier` : (model?.name ?? "no model chosen");
    }
    case "code":
      return (role as CodeRole).program?.language ?? "python";
    case "command":
      return (role as CommandRole).command?.argv[0] ?? "no command";
    case "crew": {
      const crew = (role as NestedCrewRole).crew;
      return crew ? `${crew.slug}${crew.version ? ` v${crew.version}` : ""}` : "no crew chosen";
    }
    case "human":
      return "answers in the app";
  }
}
