/** Which key does what in the editor. */

export type Command =
  | "undo"
  | "redo"
  | "delete"
  | "duplicate"
  | "select-all"
  | "clear"
  | "fit"
  | "layout"
  | "save";

export type Key = {
  key: string;
  ctrl: boolean;
  shift: boolean;
  alt: boolean;
  /** The focus is where text is typed, on the canvas, or elsewhere. */
  place: "text" | "canvas" | "other";
};

/** The command of a key, or null: then the browser does what it always does. */
export function commandOf({ key, ctrl, shift, alt, place }: Key): Command | null {
  if (alt) return null;
  const letter = key.toLowerCase();
  if (ctrl) {
    if (letter === "z") return shift ? "redo" : "undo";
    if (letter === "y" && !shift) return "redo";
    if (letter === "s" && !shift) return "save";
    if (place === "text") return null;
    if (letter === "d" && !shift) return "duplicate";
    if (letter === "a" && !shift && place === "canvas") return "select-all";
    return null;
  }
  if (place !== "canvas") return null;
  if (key === "Delete" || key === "Backspace") return "delete";
  if (key === "Escape") return "clear";
  if (letter === "f" && !shift) return "fit";
  if (letter === "l" && !shift) return "layout";
  return null;
}

/** Shown in the toolbar's titles. */
export const KEY_WORDS: Partial<Record<Command, string>> = {
  undo: "Ctrl+Z",
  redo: "Shift+Ctrl+Z",
  fit: "F",
  layout: "L",
  duplicate: "Ctrl+D",
  delete: "Delete",
};
