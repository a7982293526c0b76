/** A form from a JSON Schema: one field per property of a flat object, JSON for what is not flat. */

import { type Json, type JsonObject, objectOf, textOf } from "../journal/entry";

export type FieldKind = "text" | "long" | "number" | "check" | "choice" | "json";

/** `name` is "" where the schema is not an object: then the field is the whole value. */
export type Field = {
  name: string;
  title: string;
  hint: string;
  kind: FieldKind;
  whole: boolean;
  required: boolean;
  choices: Json[];
};

/** What stands in the fields: text, or a tick. */
export type Draft = { [name: string]: string | boolean };

export function fieldsOf(schema: JsonObject): Field[] {
  const properties = objectOf(schema.properties);
  if (!properties) return [fieldOf("", schema, true)];
  const required = Array.isArray(schema.required) ? schema.required : [];
  const fields = Object.entries(properties).map(([name, part]) =>
    fieldOf(name, objectOf(part) ?? {}, required.includes(name)),
  );
  // What is needed first; the journal keeps no order of names.
  return [
    ...fields.filter((field) => field.required),
    ...fields.filter((field) => !field.required),
  ];
}

function fieldOf(name: string, schema: JsonObject, required: boolean): Field {
  const words = name.replaceAll("_", " ");
  return {
    name,
    title: textOf(schema.title) || words.charAt(0).toUpperCase() + words.slice(1) || "Answer",
    hint: textOf(schema.description),
    kind: kindOf(schema),
    whole: schema.type === "integer",
    required,
    choices: Array.isArray(schema.enum) ? schema.enum : [],
  };
}

function kindOf(schema: JsonObject): FieldKind {
  if (Array.isArray(schema.enum)) return "choice";
  switch (schema.type) {
    case "string":
      return typeof schema.maxLength === "number" && schema.maxLength <= 200 ? "text" : "long";
    case "number":
    case "integer":
      return "number";
    case "boolean":
      return "check";
    default:
      return "json";
  }
}

/** The fields filled with a value as far as it fits. */
export function draftOf(fields: readonly Field[], value: Json = null): Draft {
  return Object.fromEntries(
    fields.map((field) => [
      field.name,
      written(field, field.name ? objectOf(value)?.[field.name] : value),
    ]),
  );
}

function written(field: Field, value: Json | undefined): string | boolean {
  if (field.kind === "check") return value === true;
  if (value === null || value === undefined) return "";
  if (field.kind === "choice") {
    const place = field.choices.findIndex(
      (choice) => JSON.stringify(choice) === JSON.stringify(value),
    );
    return place < 0 ? "" : String(place);
  }
  return typeof value === "string" && field.kind !== "json"
    ? value
    : JSON.stringify(value, null, field.kind === "json" ? 2 : undefined);
}

/** The value that the fields describe; the server checks it against the schema. Throws what to mend. */
export function readDraft(fields: readonly Field[], draft: Draft): Json {
  const read: JsonObject = {};
  for (const field of fields) {
    const value = readField(field, draft[field.name] ?? "");
    if (value !== undefined) read[field.name] = value;
    else if (field.required) throw new Error(`${field.title} is needed.`);
  }
  const whole = fields.length === 1 && fields[0]?.name === "";
  return whole ? (read[""] ?? null) : read;
}

function readField(field: Field, raw: string | boolean): Json | undefined {
  if (typeof raw === "boolean") return raw;
  if (raw.trim() === "") return undefined;
  switch (field.kind) {
    case "number":
      return readNumber(field, raw);
    case "choice":
      return field.choices[Number(raw)];
    case "json":
      return readJson(field, raw);
    default:
      return raw;
  }
}

function readNumber(field: Field, raw: string): number {
  const value = Number(raw);
  if (!Number.isFinite(value) || (field.whole && !Number.isInteger(value))) {
    throw new Error(`${field.title} must be a ${field.whole ? "whole " : ""}number.`);
  }
  return value;
}

function readJson(field: Field, raw: string): Json {
  try {
    return JSON.parse(raw);
  } catch {
    throw new Error(`${field.title} must be JSON, for example {"name": "value"}.`);
  }
}
