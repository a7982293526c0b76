/** The number of open questions beside the link to the inbox, kept up to date on every page. */

const EVERY_MS = 15_000;

export function watchInbox(): void {
  const link = document.querySelector<HTMLElement>("[data-inbox]");
  if (!link?.dataset.inbox) return;
  const url = link.dataset.inbox;
  document.addEventListener("callsheet:inbox", (event) =>
    show(link, (event as CustomEvent<number>).detail),
  );
  let known = numberIn(link);
  const look = async () => {
    if (document.visibilityState !== "visible") return;
    // A server that is away, or a session that has ended, says nothing new.
    const response = await fetch(url).catch(() => null);
    if (!response?.ok || response.redirected) return;
    const { open } = (await response.json()) as { open: number };
    show(link, open);
    if (open > known && link.getAttribute("aria-current") !== "page") announce();
    known = open;
  };
  setInterval(() => void look(), EVERY_MS);
  document.addEventListener("visibilitychange", () => void look());
}

function numberIn(link: HTMLElement): number {
  return Number(link.querySelector(".badge-count")?.firstChild?.textContent ?? 0);
}

function announce(): void {
  const detail = { text: "A crew asks a person: see the inbox.", level: "waiting" };
  document.dispatchEvent(new CustomEvent("callsheet:toast", { detail }));
}

function show(link: HTMLElement, open: number): void {
  const badge = link.querySelector<HTMLElement>(".badge-count");
  if (!badge) return;
  badge.hidden = open === 0;
  badge.firstChild?.replaceWith(String(open));
}
