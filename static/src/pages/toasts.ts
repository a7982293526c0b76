export type ToastLevel = "done" | "failed" | "waiting" | "running";
export type ToastDetail = { text: string; level?: ToastLevel };

const icons: Record<ToastLevel, string> = {
  done: "done",
  failed: "failed",
  waiting: "waiting",
  running: "info",
};

/** Show messages: those the server rendered, and any `callsheet:toast` event on the document. */
export function watchToasts(): void {
  const area = document.querySelector<HTMLElement>("#toasts");
  const template = document.querySelector<HTMLTemplateElement>("#toast-template");
  if (!area || !template) return;
  for (const note of area.querySelectorAll<HTMLElement>(".toast-note")) arrange(note);
  document.addEventListener("callsheet:toast", (event) => {
    const { text, level = "done" } = (event as CustomEvent<ToastDetail>).detail;
    const note = template.content.firstElementChild?.cloneNode(true) as HTMLElement;
    note.dataset.status = level;
    note.querySelector("use")?.setAttribute("href", `#i-${icons[level]}`);
    note.querySelector("span")?.append(text);
    area.append(note);
    arrange(note);
  });
}

function arrange(note: HTMLElement): void {
  note.querySelector("button")?.addEventListener("click", () => note.remove());
  // An error stays until it is read; the rest leaves by itself unless someone is at it.
  if (note.dataset.status === "failed") return;
  const leave = () => (note.matches(":hover, :focus-within") ? later() : note.remove());
  const later = () => setTimeout(leave, 6000);
  later();
}
