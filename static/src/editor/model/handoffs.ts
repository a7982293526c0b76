/** Edits of handoffs, pure. A handoff is named by its index in the document. */

import type { CrewDocument, Handoff } from "../../graph/document";

/** Why no handoff can go from one role to the other, or null when one can. */
export function connectFault(document: CrewDocument, from: string, to: string): string | null {
  if (!(from in document.roles) || !(to in document.roles)) return "Both ends must be roles.";
  if (from === to) return "A role cannot hand over to itself.";
  const there = (document.handoffs ?? []).some((edge) => edge.from === from && edge.to === to);
  return there ? `There is a handoff from ${from} to ${to} already.` : null;
}

/** Draw a handoff; a document that cannot have it is returned as it was. */
export function connect(document: CrewDocument, from: string, to: string): CrewDocument {
  if (connectFault(document, from, to)) return document;
  return { ...document, handoffs: [...(document.handoffs ?? []), { from, to }] };
}

export function updateHandoff(document: CrewDocument, index: number, to: Handoff): CrewDocument {
  const handoffs = document.handoffs ?? [];
  if (!handoffs[index]) return document;
  return { ...document, handoffs: handoffs.map((edge, n) => (n === index ? to : edge)) };
}

export function removeHandoffs(document: CrewDocument, indexes: readonly number[]): CrewDocument {
  const gone = new Set(indexes);
  return { ...document, handoffs: (document.handoffs ?? []).filter((_, n) => !gone.has(n)) };
}

/** Turn a handoff around, unless there is one the other way already. */
export function reverseHandoff(document: CrewDocument, index: number): CrewDocument {
  const edge = document.handoffs?.[index];
  if (!edge || connectFault(document, edge.to, edge.from)) return document;
  return updateHandoff(document, index, { ...edge, from: edge.to, to: edge.from });
}
