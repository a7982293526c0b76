/** Where a pattern's options speak of roles: strings whose schema says `"format": "role"`. */

import type { Json, JsonSchema } from "../../graph/document";

type Options = { [key: string]: Json };

export function renameInOptions(
  options: Options,
  schema: JsonSchema,
  from: string,
  to: string,
): Options {
  return walk(options, schema, (name) => (name === from ? to : name)) as Options;
}

function walk(value: Json, schema: Json | undefined, change: (role: string) => string): Json {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return value;
  if (typeof value === "string") return schema.format === "role" ? change(value) : value;
  if (Array.isArray(value)) return value.map((item) => walk(item, schema.items, change));
  if (typeof value !== "object" || value === null) return value;
  const properties = schema.properties;
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, walk(part, properties[key], change)]),
  );
}
