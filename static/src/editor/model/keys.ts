/** What the editor does on a command, and which key says it. */

export type Command =
  | "undo"
  | "redo"
  | "delete"
  | "duplicate"
  | "select-all"
  | "clear"
  | "fit"
  | "zoom-in"
  | "zoom-out"
  | "layout"
  | "save"
  | "find";

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
    if (letter === "k" && !shift) return "find";
    if (place === "text") return null;
    if (letter === "d" && !shift) return "duplicate";
    if (letter === "a" && !shift && place === "canvas") return "select-all";
    return null;
  }
  if (place === "text") return null;
  if (key === "?" || key === "/") return "find";
  if (place !== "canvas") return null;
  if (key === "Delete" || key === "Backspace") return "delete";
  if (key === "Escape") return "clear";
  if (key === "+" || key === "=") return "zoom-in";
  if (key === "-") return "zoom-out";
  if (letter === "f" && !shift) return "fit";
  if (letter === "l" && !shift) return "layout";
  return null;
}

/** How each command is called, and its key. */
export const COMMANDS: Record<Command, { title: string; keys: string }> = {
  undo: { title: "Undo", keys: "Ctrl+Z" },
  redo: { title: "Redo", keys: "Shift+Ctrl+Z" },
  save: { title: "Save now", keys: "Ctrl+S" },
  duplicate: { title: "Duplicate what is selected", keys: "Ctrl+D" },
  delete: { title: "Delete what is selected", keys: "Delete" },
  "select-all": { title: "Select everything", keys: "Ctrl+A" },
  clear: { title: "Select nothing", keys: "Esc" },
  layout: { title: "Arrange", keys: "L" },
  fit: { title: "Show everything", keys: "F" },
  "zoom-in": { title: "Zoom in", keys: "+" },
  "zoom-out": { title: "Zoom out", keys: "−" },
  find: { title: "Find a role or a command", keys: "Ctrl+K" },
};
