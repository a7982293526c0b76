/** A piece of a crew: some roles, what they hand to each other, and where they stand. */

import type { CrewDocument } from "../../graph/document";

export type Piece = Pick<CrewDocument, "roles" | "handoffs" | "layout">;

/** These roles of a document with the handoffs between them, as a document of its own. */
export function pieceOf(document: CrewDocument, names: readonly string[]): Piece {
  const wanted = new Set(names);
  const only = <T>(record: { [name: string]: T } = {}) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => wanted.has(name)));
  return {
    roles: only(document.roles),
    handoffs: (document.handoffs ?? []).filter(
      ({ from, to }) => wanted.has(from) && wanted.has(to),
    ),
    layout: only(document.layout),
  };
}
