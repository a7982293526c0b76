/** The places of a pattern, and which of them are empty. */

import type { CrewDocument } from "./document";

/** `max` null means any number; `apart`, that no handoff leads there, and no slot is shown. */
export type Seat = {
  name: string;
  title?: string;
  min: number;
  max: number | null;
  apart?: boolean;
};

/** A place that a role could take: it must (`needed`), or may. */
export type EmptySeat = { seat: string; title: string; needed: boolean };

export function slotId(seat: string): string {
  return `slot:${seat}`;
}

/** The seat that a node id of a slot stands for, or null for a role's id. */
export function seatOfSlot(id: string): string | null {
  return id.startsWith("slot:") ? id.slice("slot:".length) : null;
}

/** The seats that still need a role, and single optional ones that nobody has taken. */
export function emptySeats(document: CrewDocument, seats: readonly Seat[]): EmptySeat[] {
  const taken = new Map<string, number>();
  for (const role of Object.values(document.roles)) {
    taken.set(role.seat, (taken.get(role.seat) ?? 0) + 1);
  }
  const count = (seat: Seat) => taken.get(seat.name) ?? 0;
  return seats
    .filter((seat) => !seat.apart && count(seat) < Math.max(seat.min, seat.max === 1 ? 1 : 0))
    .map((seat) => ({
      seat: seat.name,
      title: seat.title ?? seat.name,
      needed: count(seat) < seat.min,
    }));
}

/** Whether one more role fits into the seat. */
export function hasRoom(document: CrewDocument, seat: Seat): boolean {
  const count = Object.values(document.roles).filter((role) => role.seat === seat.name).length;
  return seat.max === null || count < seat.max;
}
