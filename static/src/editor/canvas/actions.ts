/** What the canvas, the palette and the keys do, in one place; each is one step of undo. */

import { type Point, type RoleKind, titleOf } from "../../graph/document";
import { handoffIds } from "../../graph/flow";
import { NODE_HEIGHT, NODE_WIDTH } from "../../graph/geometry";
import { arranged, beside } from "../../graph/layout";
import { seatOfSlot, slotId } from "../../graph/seats";
import { connect, connectFault, removeHandoffs } from "../model/handoffs";
import {
  addRole,
  blankRole,
  duplicateRoles,
  moveRoles,
  removeRoles,
  seatFor,
  setSeat,
} from "../model/roles";
import {
  currentPattern,
  currentPlaces,
  edit,
  NOTHING,
  say,
  select,
  tell,
  useEditor,
} from "../store/editor";

/** Add a role: into a given seat or the one that wants it most, at a point or beside the others. */
export function add(kind: RoleKind, options: { seat?: string | null; at?: Point } = {}): void {
  const state = useEditor.getState();
  if (!state.mayChange) return;
  const seats = currentPattern(state)?.seats ?? [];
  const selectedSeat = state.selection.nodes.map(seatOfSlot).find((seat) => seat !== null);
  const seat = options.seat ?? (options.at ? null : selectedSeat) ?? seatFor(state.document, seats);
  const all = currentPlaces(state);
  const { [slotId(seat)]: slot, ...others } = all;
  const near = options.at ?? slot ?? beside(Object.values(others));
  const added = addRole(state.document, blankRole(kind, seat), near, others);
  edit(() => added.document);
  select({ nodes: [added.name] });
  say(`${titleOf(added.name, added.document.roles[added.name])} added to seat ${seat}.`);
}

/** Drop from the palette: on an empty seat it takes that seat, else it stands where it fell. */
export function drop(kind: RoleKind, seat: string | null, at: Point): void {
  const under = slotAt(at);
  if (under) add(kind, { seat: under });
  else add(kind, { seat, at: { x: at.x - NODE_WIDTH / 2, y: at.y - NODE_HEIGHT / 2 } });
}

/** The empty seat drawn at a point of the canvas. */
export function slotAt(at: Point): string | null {
  for (const [id, place] of Object.entries(currentPlaces(useEditor.getState()))) {
    const seat = seatOfSlot(id);
    const inside =
      at.x >= place.x &&
      at.x <= place.x + NODE_WIDTH &&
      at.y >= place.y &&
      at.y <= place.y + NODE_HEIGHT;
    if (seat !== null && inside) return seat;
  }
  return null;
}

/** Nodes were moved to these places; one dropped on an empty seat takes it. */
export function move(moved: { [name: string]: Point }, byKey: boolean): void {
  const names = Object.keys(moved);
  const [only] = names;
  const target = names.length === 1 && only ? slotAt(middle(moved[only] as Point)) : null;
  const state = useEditor.getState();
  const key = byKey ? `move ${names.join(" ")}` : undefined;
  if (only && target && !byKey) {
    const place = currentPlaces(state)[slotId(target)] as Point;
    edit((document) => setSeat(moveRoles(document, { [only]: place }), only, target));
    say(`${titleOf(only, state.document.roles[only])} now has the seat ${target}.`);
    return;
  }
  // A drawing that had no places of its own gets them all, so that only what was moved moves.
  edit((document) => moveRoles(document, { ...currentPlaces(state), ...moved }), key);
}

function middle(place: Point): Point {
  return { x: place.x + NODE_WIDTH / 2, y: place.y + NODE_HEIGHT / 2 };
}

/** Draw a handoff and select it; says why when there can be none. */
export function join(from: string, to: string): void {
  const { document } = useEditor.getState();
  const fault = connectFault(document, from, to);
  if (fault) {
    tell(fault);
    return;
  }
  // The others keep their places: a document without a layout is drawn afresh with each edge.
  const where = currentPlaces(useEditor.getState());
  edit((before) => connect(moveRoles(before, where), from, to));
  select({ edges: [lastEdgeId()] });
  say(`Handoff from ${from} to ${to} drawn.`);
}

function lastEdgeId(): string {
  return handoffIds(useEditor.getState().document.handoffs ?? []).at(-1) ?? "";
}

export function removeSelected(): void {
  const { document, selection } = useEditor.getState();
  const roles = selection.nodes.filter((id) => id in document.roles);
  const ids = handoffIds(document.handoffs ?? []);
  const edges = selection.edges.map((id) => ids.indexOf(id)).filter((index) => index >= 0);
  if (roles.length + edges.length === 0) return;
  const where = currentPlaces(useEditor.getState());
  edit((before) => removeRoles(removeHandoffs(moveRoles(before, where), edges), roles));
  select(NOTHING);
  say(`${counted(roles.length, "role")} and ${counted(edges.length, "handoff")} deleted.`);
}

export function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

export function duplicateSelected(): void {
  const state = useEditor.getState();
  const names = state.selection.nodes.filter((id) => id in state.document.roles);
  if (names.length === 0) return;
  const where = currentPlaces(state);
  const made = duplicateRoles(moveRoles(state.document, where), names, where);
  edit(() => made.document);
  select({ nodes: made.names });
  say(`${counted(made.names.length, "role")} duplicated.`);
}

export function selectAll(): void {
  const { document } = useEditor.getState();
  select({ nodes: Object.keys(document.roles), edges: handoffIds(document.handoffs ?? []) });
}

/** Arrange everything afresh, left to right. */
export function arrange(): void {
  const state = useEditor.getState();
  const fresh = arranged(state.document, currentPattern(state)?.seats ?? []);
  edit((document) => moveRoles({ ...document, layout: {} }, fresh));
  say("Arranged.");
}
