/** Finding the field that a problem speaks of. */

/** Of paths of fields, the one that is nearest to `wanted`: itself, else what it lies in. */
export function nearestPath(paths: readonly string[], wanted: string): string | null {
  const holds = (path: string) => path === wanted || wanted.startsWith(`${path}.`);
  return paths.filter(holds).sort((a, b) => b.length - a.length)[0] ?? null;
}

const TYPED = ["input", "select", "textarea"].map((it) => `${it}:not(:disabled)`).join(", ");
const CONTROL = `${TYPED}, [contenteditable="true"]`;

/** Focus the field of a path, opening the sections that hide it; without one, the whole panel. */
export function focusField(root: HTMLElement, path: string): void {
  const fields = [...root.querySelectorAll<HTMLElement>("[data-path]")];
  const nearest = nearestPath(
    fields.map((field) => field.dataset.path ?? ""),
    path,
  );
  const field = fields.find((other) => other.dataset.path === nearest) ?? root;
  for (let at = field.closest("details"); at; at = at.parentElement?.closest("details") ?? null) {
    at.open = true;
  }
  const inside = field === root ? null : field.querySelector<HTMLElement>(CONTROL);
  const control = field.matches(CONTROL) ? field : (inside ?? root);
  control.focus();
  control.scrollIntoView({ block: "center" });
}
