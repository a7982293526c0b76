/** What can be found by typing: roles, commands, things to add, pages. Pure. */

import {
  type CrewDocument,
  KIND_WORDS,
  kindOf,
  type RoleKind,
  titleOf,
} from "../../graph/document";
import type { Seat } from "../../graph/seats";
import { hasRoom } from "../../graph/seats";
import { COMMANDS, type Command } from "./keys";

export type Find = { title: string; hint: string } & (
  | { does: "role"; role: string }
  | { does: "add"; kind: RoleKind; seat: string | null }
  | { does: "command"; command: Command }
  | { does: "view"; view: "canvas" | "source" }
  | { does: "run" }
  | { does: "page"; href: string }
);

const PAGES = { Crews: "/crews/", Runs: "/runs/", Inbox: "/inbox/", Templates: "/templates/" };

type Around = { seats: readonly Seat[]; kinds: readonly RoleKind[]; mayChange: boolean };

/** Everything there is to find in the editor, in the order of how likely it is wanted. */
export function everything(document: CrewDocument, { seats, kinds, mayChange }: Around): Find[] {
  const { find: _, ...commands } = COMMANDS;
  const harmless = ["fit", "zoom-in", "zoom-out", "select-all", "clear"];
  return [
    ...Object.entries(document.roles).map(([role, body]): Find => {
      const name = body.seat === role ? role : `${body.seat} · ${role}`;
      return { does: "role", role, title: titleOf(role, body), hint: name };
    }),
    { does: "run", title: "Run or rehearse", hint: "" },
    ...(mayChange ? additions(document, seats, kinds) : []),
    ...Object.entries(commands)
      .filter(([command]) => mayChange || harmless.includes(command))
      .map(([command, { title, keys }]): Find => {
        return { does: "command", command: command as Command, title, hint: keys };
      }),
    { does: "view", view: "canvas", title: "Show the canvas", hint: "" },
    { does: "view", view: "source", title: "Show the YAML", hint: "" },
    ...Object.entries(PAGES).map(([page, href]): Find => {
      return { does: "page", href, title: `Go to ${page}`, hint: "" };
    }),
  ];
}

function additions(
  document: CrewDocument,
  seats: readonly Seat[],
  kinds: readonly RoleKind[],
): Find[] {
  return [
    ...seats
      .filter((seat) => hasRoom(document, seat))
      .map(({ name, title }): Find => {
        return {
          does: "add",
          kind: "model",
          seat: name,
          title: `Add ${title || name}`,
          hint: "seat",
        };
      }),
    ...kinds.map((kind): Find => {
      return {
        does: "add",
        kind,
        seat: null,
        title: `Add ${KIND_WORDS[kind].title}`,
        hint: "role",
      };
    }),
  ];
}

/** Those with every typed word in them; first those whose title begins with what was typed. */
export function matching(all: readonly Find[], typed: string): Find[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const text = ({ title, hint }: Find) => `${title} ${hint}`.toLowerCase();
  const start = words.join(" ");
  const begins = (one: Find) => (one.title.toLowerCase().startsWith(start) ? 0 : 1);
  return all
    .filter((one) => words.every((word) => text(one).includes(word)))
    .sort((a, b) => begins(a) - begins(b));
}

/** Of two entries never the same. */
export function findKey(one: Find): string {
  return `${one.does} ${one.title} ${one.hint}`;
}

/** What is drawn before an entry. */
export function findKind(document: CrewDocument, one: Find): RoleKind | null {
  const role = one.does === "role" ? document.roles[one.role] : undefined;
  return role ? kindOf(role) : one.does === "add" && one.seat === null ? one.kind : null;
}
