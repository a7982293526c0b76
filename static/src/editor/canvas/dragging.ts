/** What is dragged from the palette: a kind of role, for a seat if it was taken from one. */

import type { RoleKind } from "../../graph/document";

export type Dragged = { kind: RoleKind; seat: string | null };

const TYPE = "application/x-callsheet-role";

export function startDrag(transfer: DataTransfer, dragged: Dragged): void {
  transfer.setData(TYPE, JSON.stringify(dragged));
  transfer.effectAllowed = "copy";
}

/** During a drag browsers only tell the types, not the data. */
export function isOurs(transfer: DataTransfer): boolean {
  return transfer.types.includes(TYPE);
}

export function endDrag(transfer: DataTransfer): Dragged | null {
  const text = transfer.getData(TYPE);
  return text ? (JSON.parse(text) as Dragged) : null;
}
