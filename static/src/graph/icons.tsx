/** Line icons, 16 px, drawn here so that nothing is fetched. Always beside a word or inside a named control. */

const PATHS = {
  model: "M8 1.8l1.5 4.7 4.7 1.5-4.7 1.5L8 14.2 6.5 9.5 1.8 8l4.7-1.5z",
  code: "M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5M9 3L7 13",
  human: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c.6-3 2.8-4.5 5.5-4.5s4.9 1.5 5.5 4.5",
  command: "M2.5 3.5h11v9h-11zM5 6.5L7 8 5 9.5M8.5 10H11",
  crew: "M6 7a2.3 2.3 0 1 0 0-4.6A2.3 2.3 0 0 0 6 7zM1.8 13.5c.4-2.7 2-4.2 4.2-4.2s3.8 1.5 4.2 4.2M10.5 2.6a2.3 2.3 0 0 1 0 4.2M12 9.7c1.3.6 2 1.9 2.2 3.8",
  tool: "M9.8 2.2a3.6 3.6 0 0 0-3.5 4.9L2 11.4 4.6 14l4.3-4.3a3.6 3.6 0 0 0 4.7-4.7L11.3 7.3 8.7 4.7 11 2.4a3.6 3.6 0 0 0-1.2-.2z",
  box: "M8 1.8l5.5 3v6.4L8 14.2l-5.5-3V4.8zM2.5 4.8L8 8l5.5-3.2M8 8v6.2",
  warning: "M8 2L14.5 13.5h-13zM8 6.5v3.2M8 11.7v.1",
  error: "M8 14.3A6.3 6.3 0 1 0 8 1.7a6.3 6.3 0 0 0 0 12.6zM8 4.8v3.9M8 11v.1",
  advice: "M8 14.3A6.3 6.3 0 1 0 8 1.7a6.3 6.3 0 0 0 0 12.6zM8 7.3V11M8 5v.1",
  check: "M3 8.5l3.3 3.3L13 5",
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  search: "M7 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM10 10l3.5 3.5",
  trash: "M3 4.5h10M6.5 4.5V2.8h3v1.7M4.3 4.5l.6 9h6.2l.6-9M6.8 7v4M9.2 7v4",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  undo: "M5.5 3L2.5 6l3 3M2.5 6H9a4 4 0 0 1 0 8H6",
  redo: "M10.5 3l3 3-3 3M13.5 6H7a4 4 0 0 0 0 8h3",
  layout: "M2 6h4v4H2zM10 2.5h4v3.5h-4zM10 10h4v3.5h-4zM6 8h2M8 4.2v7.6M8 4.2h2M8 11.8h2",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  play: "M4.5 2.8v10.4L13 8z",
  link: "M3 8h9M9 5l3.2 3L9 11",
  swap: "M3 5.5h9M9.5 3L12 5.5 9.5 8M13 10.5H4M6.5 8L4 10.5 6.5 13",
  gate: "M8 2.2L13.8 8 8 13.8 2.2 8z",
  schema:
    "M5.5 2.5C3.5 2.5 4.7 7 2.8 8c1.9 1 .7 5.5 2.7 5.5M10.5 2.5c2 0 .8 4.5 2.7 5.5-1.9 1-.7 5.5-2.7 5.5",
  file: "M3.8 1.8h5.4l3 3v9.4H3.8zM9 2v3h3",
  up: "M8 13V3.5M4 7.5l4-4 4 4",
  down: "M8 3v9.5M4 8.5l4 4 4-4",
  chevron: "M6 4l4 4-4 4",
  offline: "M2 6.5a9 9 0 0 1 12 0M4.5 9.5a5.2 5.2 0 0 1 7 0M8 12.5v.1M2.5 2.5l11 11",
  clock: "M8 14.3A6.3 6.3 0 1 0 8 1.7a6.3 6.3 0 0 0 0 12.6zM8 4.5V8l2.3 1.5",
  pause: "M5.5 3.5v9M10.5 3.5v9",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="cs-icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
