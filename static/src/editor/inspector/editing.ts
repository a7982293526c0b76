/** Changing one field of a role, a handoff or the crew: one step of undo per field and pause. */

import type { CrewDocument, Handoff, ModelChoice, Role } from "../../graph/document";
import { withFilled } from "../model/crew";
import { updateHandoff } from "../model/handoffs";
import { updateRole } from "../model/roles";
import { edit } from "../store/editor";

export function changeRole(name: string, field: string, change: (role: Role) => Role): void {
  edit((document) => {
    const role = document.roles[name];
    return role ? updateRole(document, name, change(role)) : document;
  }, `roles.${name}.${field}`);
}

export function setRole<K extends keyof Role>(name: string, field: K, value: Role[K] | undefined) {
  changeRole(name, field, (role) => withFilled(role, field, value as never));
}

export function setModel<K extends keyof ModelChoice>(
  name: string,
  field: K,
  value: ModelChoice[K] | undefined,
): void {
  changeRole(name, `model.${field}`, (role) => {
    const model = "model" in role ? (role.model ?? {}) : {};
    return { ...role, model: withFilled(model, field, value) } as Role;
  });
}

export function setHandoff<K extends keyof Handoff>(
  index: number,
  field: K,
  value: Handoff[K] | undefined,
): void {
  edit((document) => {
    const handoff = document.handoffs?.[index];
    return handoff ? updateHandoff(document, index, withFilled(handoff, field, value)) : document;
  }, `handoffs.${index}.${field}`);
}

export function setCrew<K extends keyof CrewDocument>(
  field: K,
  value: CrewDocument[K] | undefined,
) {
  edit((document) => withFilled(document, field, value), String(field));
}
