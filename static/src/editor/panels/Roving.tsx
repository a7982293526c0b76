import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef } from "react";

/** A toolbar: one stop of the Tab key, arrow keys inside (WAI-ARIA authoring practices). */
export function Roving({
  label,
  orientation,
  className,
  children,
}: {
  label: string;
  orientation: "horizontal" | "vertical";
  className: string;
  children: ReactNode;
}) {
  const bar = useRef<HTMLDivElement>(null);
  const current = useRef<HTMLElement | null>(null);
  const controls = () =>
    [...(bar.current?.querySelectorAll<HTMLElement>("button, a[href]") ?? [])].filter(
      (control) => !control.hasAttribute("disabled"),
    );
  const settle = (chosen: HTMLElement | null) => {
    const all = controls();
    const stop = chosen && all.includes(chosen) ? chosen : all[0];
    current.current = stop ?? null;
    for (const control of all) control.tabIndex = control === stop ? 0 : -1;
  };
  useLayoutEffect(() => settle(current.current));
  const onKeyDown = (event: KeyboardEvent) => {
    const all = controls();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = stepped(event.key, at, all.length);
    if (at < 0 || next === null) return;
    event.preventDefault();
    all[next]?.focus();
  };
  return (
    <div
      ref={bar}
      role="toolbar"
      aria-label={label}
      aria-orientation={orientation}
      className={className}
      onKeyDown={onKeyDown}
      onFocus={(event) => settle(event.target)}
    >
      {children}
    </div>
  );
}

/** Where a key leads from one of `length` controls, around the ends; null for any other key. */
function stepped(key: string, at: number, length: number): number | null {
  switch (key) {
    case "ArrowRight":
    case "ArrowDown":
      return (at + 1) % length;
    case "ArrowLeft":
    case "ArrowUp":
      return (at - 1 + length) % length;
    case "Home":
      return 0;
    case "End":
      return length - 1;
    default:
      return null;
  }
}
