/** The audit page's behaviours: fold the tree, show an action beside it, go through it by keyboard. */

import "../run/run.css";
import "../run/feed.css";
import "./audit.css";
import "./forks.css";
import { type Fetched, fetchPart } from "./parts";

const page = document.querySelector<HTMLElement>(".audit");
const detail = document.querySelector<HTMLElement>("#detail");
const wide = matchMedia("(min-width: 64rem)");

if (page && detail) {
  page.addEventListener("click", (event) => void clicked(event));
  page.addEventListener("submit", (event) => void submitted(event));
  document.addEventListener("keydown", pressed);
  window.addEventListener("popstate", () => location.reload());
  page.querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
  new MutationObserver(reachLong).observe(detail, { childList: true, subtree: true });
  detail.addEventListener("toggle", reachLong, true);
  window.addEventListener("resize", reachLong);
  reachLong();
}

/** Long texts scroll by themselves, so the keyboard must come to them. */
function reachLong(): void {
  for (const text of detail?.querySelectorAll<HTMLElement>(".run-value") ?? [])
    if (text.scrollHeight > text.clientHeight) text.tabIndex = 0;
}

async function clicked(event: MouseEvent): Promise<void> {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  const target = (event.target as Element).closest<HTMLElement>(
    "[data-fold], [data-more], [data-share], a[data-action]",
  );
  if (!target) return;
  if (target.dataset.fold) {
    await fold(target);
  } else if (target.dataset.more !== undefined) {
    event.preventDefault();
    await more(target as HTMLAnchorElement);
  } else if (target.dataset.share) {
    await share(target);
  } else if (wide.matches) {
    event.preventDefault();
    await show(target as HTMLAnchorElement);
  }
}

/** Opens or closes what is below a row; it is fetched the first time. */
async function fold(
  button: HTMLElement,
  open = button.getAttribute("aria-expanded") !== "true",
): Promise<void> {
  const below = button.closest("li")?.querySelector<HTMLElement>(":scope > ol");
  if (!below) return;
  if (open && below.childElementCount === 0) {
    const part = await fetchPart(button.dataset.fold as string);
    if (!part.ok) return complain(part);
    below.innerHTML = part.html;
  }
  below.hidden = !open;
  button.setAttribute("aria-expanded", String(open));
}

/** Puts more rows where the link to them stood. */
async function more(link: HTMLAnchorElement): Promise<void> {
  const part = await fetchPart(link.href);
  if (!part.ok) return complain(part);
  const item = link.closest("li");
  const before = item?.previousElementSibling;
  item?.insertAdjacentHTML("beforebegin", part.html);
  const first = before ? before.nextElementSibling : item?.parentElement?.firstElementChild;
  item?.remove();
  first?.querySelector<HTMLElement>("a")?.focus();
}

async function share(button: HTMLElement): Promise<void> {
  await navigator.clipboard.writeText(new URL(button.dataset.share as string, location.href).href);
  const word = button.querySelector("span");
  if (!word) return;
  word.textContent = "Copied";
  setTimeout(() => {
    word.textContent = "Copy link";
  }, 1500);
}

/** Shows an action beside the tree and names it in the address. */
async function show(link: HTMLAnchorElement): Promise<void> {
  const id = link.dataset.action as string;
  mark(id);
  const part = await fetchPart(link.href);
  if (!part.ok) return complain(part);
  // Of two asked for in quick succession the last one stays.
  if (marked() !== id && document.querySelector(`.audit-link[data-action="${id}"]`)) return;
  (detail as HTMLElement).innerHTML = part.html;
  (detail as HTMLElement).scrollTop = 0;
  history.pushState(null, "", link.href);
}

function mark(id: string): void {
  for (const old of document.querySelectorAll(".audit-link[aria-current]"))
    old.removeAttribute("aria-current");
  const link = document.querySelector<HTMLElement>(`.audit-link[data-action="${id}"]`);
  link?.setAttribute("aria-current", "true");
  link?.scrollIntoView({ block: "nearest" });
}

function marked(): string | undefined {
  return document.querySelector<HTMLElement>(".audit-link[aria-current]")?.dataset.action;
}

async function submitted(event: SubmitEvent): Promise<void> {
  const form = event.target as HTMLFormElement;
  if (form.dataset.verify === undefined) return;
  event.preventDefault();
  const place = document.querySelector<HTMLElement>("#verified");
  const button = form.querySelector("button");
  if (button) button.disabled = true;
  const part = await fetchPart(form.action, new FormData(form));
  if (button) button.disabled = false;
  if (!part.ok) complain(part);
  else if (place) place.innerHTML = part.html;
}

function pressed(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    target.closest("input, select, textarea, .run-value")
  )
    return;
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".audit-link")].filter(
    (link) => link.offsetParent !== null,
  );
  const place = links.findIndex(
    (link) => link.getAttribute("aria-current") === "true" || link === target,
  );
  const current = links[place];
  const fetchFold = current?.parentElement?.querySelector<HTMLElement>("[data-fold]");
  switch (event.key) {
    case "j":
    case "ArrowDown":
      go(links[place + 1], event);
      break;
    case "k":
    case "ArrowUp":
      go(links[place < 0 ? links.length - 1 : place - 1], event);
      break;
    case "ArrowRight":
    case "ArrowLeft":
      if (fetchFold) {
        event.preventDefault();
        void fold(fetchFold, event.key === "ArrowRight");
      }
      break;
  }
}

function go(link: HTMLAnchorElement | undefined, event: KeyboardEvent): void {
  if (!link) return;
  event.preventDefault();
  link.focus();
  if (wide.matches) void show(link);
  else mark(link.dataset.action as string);
}

function complain(part: Fetched): void {
  const text = part.ok ? "" : part.reason;
  document.dispatchEvent(new CustomEvent("callsheet:toast", { detail: { text, level: "failed" } }));
}
