/** Roles through the clipboard of the system: within a crew, to another, to another tab. */

import { pieceFrom } from "../model/crew";
import { pieceOf } from "../model/pieces";
import { putRoles } from "../model/roles";
import { currentPattern, currentPlaces, edit, say, select, tell, useEditor } from "../store/editor";
import { counted } from "./actions";

/** Put the selected roles there; false when none is selected. */
export function copyTo(clipboard: DataTransfer): boolean {
  const state = useEditor.getState();
  const names = state.selection.nodes.filter((id) => id in state.document.roles);
  if (names.length === 0) return false;
  const piece = pieceOf({ ...state.document, layout: currentPlaces(state) }, names);
  clipboard.setData("text/plain", JSON.stringify(piece, null, 1));
  tell(`${counted(names.length, "role")} copied.`);
  return true;
}

/** Add the roles that are there as one step of undo; false when it holds something else. */
export function pasteFrom(clipboard: DataTransfer): boolean {
  const piece = pieceFrom(clipboard.getData("text/plain"));
  const state = useEditor.getState();
  if (!piece) return false;
  if (!state.mayChange) {
    tell("Your role in this team may look, but not change crews.");
    return true;
  }
  const seats = currentPattern(state)?.seats ?? [];
  const made = putRoles(state.document, piece, currentPlaces(state), { seats });
  edit(() => made.document);
  select({ nodes: made.names });
  say(`${counted(made.names.length, "role")} pasted.`);
  return true;
}
