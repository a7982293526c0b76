/**
 * A payload's JSON Schema as a table of fields, and back, without loss.
 *
 * What the table cannot say (nested objects, limits, patterns) stays in each field's own schema.
 */

import type { Json, JsonSchema } from "../../graph/document";

export const FIELD_TYPES = [
  "text",
  "number",
  "whole number",
  "yes or no",
  "choice",
  "list of texts",
  "list",
  "object",
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export type SchemaField = {
  name: string;
  type: FieldType | "other";
  required: boolean;
  description: string;
  choices: string[];
  /** The field's own schema as it stands. */
  own: JsonSchema;
};

/** The fields of a schema, or null when it is not an object with properties. */
export function tableOf(schema: JsonSchema | undefined): SchemaField[] | null {
  if (schema === undefined || Object.keys(schema).length === 0) return [];
  const properties = schema.properties ?? {};
  if (schema.type !== "object" || !isSchema(properties)) return null;
  const required = Array.isArray(schema.required) ? schema.required : [];
  const fields: SchemaField[] = [];
  for (const [name, own] of Object.entries(properties)) {
    if (!isSchema(own)) return null;
    fields.push({
      name,
      type: typeOf(own),
      required: required.includes(name),
      description: typeof own.description === "string" ? own.description : "",
      choices: Array.isArray(own.enum) ? own.enum.map(String) : [],
      own,
    });
  }
  return fields;
}

/** The schema of a table; `before` gives everything beside the fields. No fields: no schema. */
export function schemaOf(
  fields: readonly SchemaField[],
  before: JsonSchema = {},
): JsonSchema | undefined {
  if (fields.length === 0) return undefined;
  const { required: _, ...rest } = before;
  const required = fields.filter((field) => field.required).map((field) => field.name);
  return {
    ...rest,
    type: "object",
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(fields.map((field) => [field.name, field.own])),
  };
}

export function newField(taken: readonly SchemaField[]): SchemaField {
  const names = new Set(taken.map((field) => field.name));
  let name = "field";
  for (let n = 2; names.has(name); n++) name = `field_${n}`;
  const own = ownOf("text", []);
  return { name, type: "text", required: true, description: "", choices: [], own };
}

export function withType(field: SchemaField, type: FieldType): SchemaField {
  const kept = field.description ? { description: field.description } : {};
  const choices =
    type === "choice" && field.choices.length === 0 ? ["first", "second"] : field.choices;
  return { ...field, type, choices, own: { ...ownOf(type, choices), ...kept } };
}

export function withChoices(field: SchemaField, choices: string[]): SchemaField {
  return { ...field, choices, own: { ...field.own, enum: choices } };
}

export function withDescription(field: SchemaField, description: string): SchemaField {
  const { description: _, ...own } = field.own;
  return { ...field, description, own: description ? { ...own, description } : own };
}

function isSchema(value: Json | undefined): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ownOf(type: FieldType, choices: string[]): JsonSchema {
  switch (type) {
    case "text":
      return { type: "string" };
    case "number":
      return { type: "number" };
    case "whole number":
      return { type: "integer" };
    case "yes or no":
      return { type: "boolean" };
    case "choice":
      return { type: "string", enum: choices };
    case "list of texts":
      return { type: "array", items: { type: "string" } };
    case "list":
      return { type: "array" };
    case "object":
      return { type: "object" };
  }
}

function typeOf(own: JsonSchema): SchemaField["type"] {
  switch (own.type) {
    case "string":
      return Array.isArray(own.enum) ? "choice" : "text";
    case "number":
      return "number";
    case "integer":
      return "whole number";
    case "boolean":
      return "yes or no";
    case "object":
      return "object";
    case "array":
      return isSchema(own.items) && own.items.type === "string" ? "list of texts" : "list";
    default:
      return "other";
  }
}
