import { useEffect } from "react";
import { approvalOf, refusalOf } from "../decide/ask";
import { type Item, stepped } from "./inbox";

type Keys = {
  items: Item[];
  /** The question that is open; `chosen` is null where nobody has opened it. */
  shown: Item | undefined;
  chosen: string | null;
  choose: (id: string | null) => void;
  arm: (choice: string | null) => void;
  mayDecide: boolean;
};

/** j and k go through the list, Enter goes into a question, a, e and r decide it. */
export function useKeys({ items, shown, chosen, choose, arm, mayDecide }: Keys): void {
  useEffect(() => {
    const go = (step: number) => {
      const next = stepped(items, chosen, step);
      if (!next) return;
      choose(next.ask.id);
      requestAnimationFrame(() => row(next.ask.id)?.focus());
    };
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      if (event.key === "Escape" && target.closest(".inbox-question") && shown) {
        row(shown.ask.id)?.focus();
        return;
      }
      if (target.closest("input, select, textarea, [popover], dialog")) return;
      if (event.key === "j") go(1);
      else if (event.key === "k") go(-1);
      else if (event.key === "Enter" && target.closest(".inbox-row") && shown) {
        // The row's own click opens it on a phone; beside the list the way in is to its form.
        if (row(shown.ask.id) === target && enter()) event.preventDefault();
      } else if (mayDecide && shown) decide(event, shown, arm);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [items, shown, chosen, choose, arm, mayDecide]);
}

function decide(event: KeyboardEvent, { ask }: Item, arm: (choice: string | null) => void): void {
  const press = (choice: string | undefined) => {
    const pressed = choice ? button(choice) : null;
    if (pressed) event.preventDefault();
    pressed?.click();
  };
  if (event.key === "a") press(approvalOf(ask));
  if (event.key === "e") press("edit");
  const refusal = refusalOf(ask);
  if (event.key === "r" && refusal && button(refusal)) {
    event.preventDefault();
    arm(refusal);
    document.querySelector<HTMLElement>(".inbox-question [id^='comment-']")?.focus();
  }
}

function row(id: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`.inbox-row[data-id="${id}"]`);
}

function button(choice: string): HTMLButtonElement | null {
  return document.querySelector(`.inbox-question button[value="${choice}"]:not(:disabled)`);
}

/** Moves the focus into the open question; false where there is nothing to go to. */
function enter(): boolean {
  const first = document.querySelector<HTMLElement>(
    ".inbox-question form :is(input, select, textarea, button)",
  );
  first?.focus();
  return first !== null;
}
