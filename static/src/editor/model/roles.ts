/** Edits of roles. Every edit is a pure function from document to document. */

import {
  type CrewDocument,
  type Handoff,
  type JsonSchema,
  kindOf,
  type Point,
  type Role,
  type RoleKind,
} from "../../graph/document";
import { freePlace, GRID } from "../../graph/geometry";
import { hasRoom, type Seat } from "../../graph/seats";
import { freeName, validName } from "./names";
import { type Piece, pieceOf } from "./pieces";
import { renameInOptions } from "./references";

const PROGRAM = `import json
import sys

received = json.load(sys.stdin)
json.dump({"summary": str(received["task"])}, sys.stdout)
`;

/** A role of a kind with the part that the kind needs, ready to be filled in. */
export function blankRole(kind: RoleKind, seat: string): Role {
  switch (kind) {
    case "model":
      return { seat, model: { tier: "balanced" } };
    case "code":
      return { seat, kind, program: { language: "python", source: PROGRAM } };
    case "command":
      return { seat, kind, command: { argv: [] } };
    case "crew":
      return { seat, kind, crew: { slug: "" } };
    case "human":
      return { seat, kind };
  }
}

/** The seat that wants a role most: one that must be filled, then one with room, then the last. */
export function seatFor(document: CrewDocument, seats: readonly Seat[]): string {
  const count = (seat: Seat) =>
    Object.values(document.roles).filter((role) => role.seat === seat.name).length;
  const wanted =
    seats.find((seat) => count(seat) < seat.min) ??
    seats.findLast((seat) => !seat.apart && hasRoom(document, seat)) ??
    seats.findLast((seat) => !seat.apart);
  return wanted?.name ?? "member";
}

export type Added = { document: CrewDocument; name: string };

/** Add a role at the free place nearest to `near`; `places` says where the others stand. */
export function addRole(
  document: CrewDocument,
  role: Role,
  near: Point,
  places: { [name: string]: Point },
): Added {
  const name = freeName(validStem(role.seat), Object.keys(document.roles));
  const at = freePlace(near, Object.values(places));
  return {
    name,
    document: {
      ...document,
      roles: { ...document.roles, [name]: role },
      layout: { ...document.layout, ...rolesOnly(document, places), [name]: at },
    },
  };
}

function validStem(seat: string): string {
  return validName(seat) ? seat.slice(0, 35) : "role";
}

/** Places of roles, without those of empty seats, which a document does not keep. */
function rolesOnly(document: CrewDocument, places: { [id: string]: Point }) {
  return Object.fromEntries(Object.entries(places).filter(([id]) => id in document.roles));
}

export function updateRole(document: CrewDocument, name: string, role: Role): CrewDocument {
  if (!(name in document.roles)) return document;
  return { ...document, roles: { ...document.roles, [name]: role } };
}

export function setSeat(document: CrewDocument, name: string, seat: string): CrewDocument {
  const role = document.roles[name];
  return role ? updateRole(document, name, { ...role, seat }) : document;
}

/** Change what does the work. What belongs to the old kind goes; the rest stays. */
export function setKind(document: CrewDocument, name: string, kind: RoleKind): CrewDocument {
  const role = document.roles[name];
  if (!role || kindOf(role) === kind) return document;
  const kept: { [key: string]: unknown } = { ...role };
  for (const part of ["kind", "model", "program", "command", "crew"]) delete kept[part];
  return updateRole(document, name, { ...kept, ...blankRole(kind, role.seat) } as Role);
}

/** Rename a role everywhere it is spoken of: handoffs, layout, and options that name roles. */
export function renameRole(
  document: CrewDocument,
  from: string,
  to: string,
  optionsSchema: JsonSchema = {},
): CrewDocument {
  if (!(from in document.roles) || from === to || to in document.roles) return document;
  const swap = (name: string) => (name === from ? to : name);
  const renamed: CrewDocument = { ...document, roles: renameKey(document.roles, from, to) };
  if (document.handoffs) {
    renamed.handoffs = document.handoffs.map((handoff) => ({
      ...handoff,
      from: swap(handoff.from),
      to: swap(handoff.to),
    }));
  }
  if (document.layout) renamed.layout = renameKey(document.layout, from, to);
  const options = document.pattern.options;
  if (options) {
    renamed.pattern = {
      ...document.pattern,
      options: renameInOptions(options, optionsSchema, from, to),
    };
  }
  return renamed;
}

function renameKey<T>(
  record: { [key: string]: T },
  from: string,
  to: string,
): { [key: string]: T } {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key === from ? to : key, value]),
  );
}

/** Remove roles with the handoffs and places that hang on them. */
export function removeRoles(document: CrewDocument, names: readonly string[]): CrewDocument {
  const gone = new Set(names);
  const left = <T>(record: { [key: string]: T }) =>
    Object.fromEntries(Object.entries(record).filter(([key]) => !gone.has(key)));
  const result: CrewDocument = { ...document, roles: left(document.roles) };
  if (document.layout) result.layout = left(document.layout);
  if (document.handoffs) {
    result.handoffs = document.handoffs.filter(({ from, to }) => !gone.has(from) && !gone.has(to));
  }
  return result;
}

/** Copies of roles beside the originals, with the handoffs between them; returns their names. */
export function duplicateRoles(
  document: CrewDocument,
  names: readonly string[],
  places: { [name: string]: Point },
): Put {
  const { roles, ...rest } = pieceOf({ ...document, layout: places }, names);
  const copies = Object.entries(roles).map(([name, role]) => [name, titled(role)]);
  return putRoles(document, { ...rest, roles: Object.fromEntries(copies) }, places);
}

type Put = { document: CrewDocument; names: string[] };

/**
 * Put a piece of a crew into a document, on free places near its own; returns its roles' names.
 *
 * Names are changed where they are taken, and seats where `seats` has no such one.
 */
export function putRoles(
  document: CrewDocument,
  piece: Piece,
  places: { [id: string]: Point },
  { seats = [] }: { seats?: readonly Seat[] } = {},
): Put {
  const names = new Map<string, string>();
  let result = { ...document, layout: { ...document.layout, ...rolesOnly(document, places) } };
  const where = { ...places };
  for (const [name, role] of Object.entries(piece.roles)) {
    const at = piece.layout?.[name] ?? { x: 0, y: 0 };
    const put = freeName(validStem(name), Object.keys(result.roles));
    where[put] = freePlace({ x: at.x + GRID * 2, y: at.y + GRID * 2 }, Object.values(where));
    const known = seats.length === 0 || seats.some((seat) => seat.name === role.seat);
    const seated = known ? role : { ...role, seat: seatFor(result, seats) };
    const roles = { ...result.roles, [put]: seated };
    result = { ...result, roles, layout: { ...result.layout, [put]: where[put] } };
    names.set(name, put);
  }
  const between: Handoff[] = (piece.handoffs ?? []).flatMap((handoff) => {
    const from = names.get(handoff.from);
    const to = names.get(handoff.to);
    return from && to ? [{ ...handoff, from, to }] : [];
  });
  if (between.length > 0)
    result = { ...result, handoffs: [...(result.handoffs ?? []), ...between] };
  return { document: result, names: [...names.values()] };
}

function titled(role: Role): Role {
  return role.title ? { ...role, title: `${role.title} copy` } : role;
}

/** Put nodes somewhere; places of others stay. */
export function moveRoles(document: CrewDocument, places: { [name: string]: Point }): CrewDocument {
  return { ...document, layout: { ...document.layout, ...rolesOnly(document, places) } };
}
