/** Edits of the crew as a whole, pure; and taking in a document that may be half finished. */

import type { CrewDocument, Handoff, Json, Role } from "../../graph/document";
import type { Seat } from "../../graph/seats";
import type { Piece } from "./pieces";
import { seatFor } from "./roles";

/**
 * Set a field, or leave it out when the value is undefined, so that documents stay short.
 *
 * The one place that knows how optional fields are spelled.
 */
export function withField<T extends object, K extends keyof T>(
  object: T,
  key: K,
  value: T[K] | undefined,
): T {
  const { [key]: _, ...rest } = object;
  return value === undefined ? (rest as T) : { ...object, [key]: value };
}

/** The same, leaving out what is empty: "", [], {}. */
export function withFilled<T extends object, K extends keyof T>(
  object: T,
  key: K,
  value: T[K] | undefined,
): T {
  return withField(object, key, isEmpty(value) ? undefined : value);
}

/** Nothing, or a value that says as much: "", [], {}. */
export function isEmpty(value: unknown): boolean {
  if (value === "" || value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/**
 * Change the pattern. Roles keep a seat that the new one has too, and else take one with room;
 * options start afresh, because they mean something else.
 */
export function setPattern(
  document: CrewDocument,
  name: string,
  seats: readonly Seat[],
): CrewDocument {
  if (document.pattern.name === name) return document;
  const known = new Set(seats.map((seat) => seat.name));
  let result: CrewDocument = { ...document, pattern: { name }, roles: {} };
  const homeless: string[] = [];
  for (const [role, body] of Object.entries(document.roles)) {
    if (known.has(body.seat)) result = seated(result, role, body);
    else homeless.push(role);
  }
  for (const role of homeless) {
    const body = document.roles[role] as Role;
    const seat = seats.length > 0 ? seatFor(result, seats) : body.seat;
    result = seated(result, role, { ...body, seat });
  }
  const roles: CrewDocument["roles"] = {};
  for (const role of Object.keys(document.roles)) roles[role] = result.roles[role] as Role;
  return { ...result, roles };
}

function seated(document: CrewDocument, name: string, role: Role): CrewDocument {
  return { ...document, roles: { ...document.roles, [name]: role } };
}

function isObject(value: unknown): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Take in what the server has. A draft may be wrong in any way; null means that it cannot be
 * drawn, and is to be shown as text.
 */
export function adopt(draft: Json): CrewDocument | null {
  if (!isObject(draft)) return null;
  const { roles = {}, handoffs = [], pattern = {}, layout = {} } = draft;
  if (!isObject(roles) || !Object.values(roles).every(isRole)) return null;
  if (!Array.isArray(handoffs) || !handoffs.every(isHandoff)) return null;
  if (!isObject(pattern) || !isObject(layout) || !Object.values(layout).every(isPoint)) return null;
  return {
    ...draft,
    callsheet: 1,
    name: typeof draft.name === "string" ? draft.name : "",
    pattern: { ...pattern, name: typeof pattern.name === "string" ? pattern.name : "" },
    roles: Object.fromEntries(
      Object.entries(roles).map(([name, role]) => [name, { seat: "", ...(role as object) }]),
    ),
  } as CrewDocument;
}

/** The piece that a text is, or a whole crew as JSON; null for any other text. */
export function pieceFrom(text: string): Piece | null {
  let read: Json;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  const found = adopt(read);
  return found && Object.keys(found.roles).length > 0 ? found : null;
}

const LISTS = ["capabilities", "constraints", "responsibilities", "subscribes"] as const;
const OBJECTS = ["model", "program", "command", "crew", "sandbox", "limits", "returns"] as const;

function isRole(value: Json): boolean {
  if (!isObject(value)) return false;
  return (
    ["undefined", "string"].includes(typeof value.seat) &&
    ["undefined", "string"].includes(typeof value.title) &&
    ["undefined", "string"].includes(typeof value.instructions) &&
    [undefined, "model", "code", "command", "human", "crew"].includes(value.kind as string) &&
    LISTS.every((key) => value[key] === undefined || isStrings(value[key])) &&
    (value.tools === undefined || areTools(value.tools)) &&
    OBJECTS.every((key) => value[key] == null || isObject(value[key]))
  );
}

function isStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function areTools(value: Json): boolean {
  const isTool = (use: Json) =>
    typeof use === "string" ||
    (isObject(use) && typeof use.name === "string" && isObject(use.options ?? {}));
  return Array.isArray(value) && value.every(isTool);
}

function isHandoff(value: Json): boolean {
  if (!isObject(value)) return false;
  const edge = value as Partial<Handoff>;
  return typeof edge.from === "string" && typeof edge.to === "string";
}

function isPoint(value: Json): boolean {
  return isObject(value) && typeof value.x === "number" && typeof value.y === "number";
}
