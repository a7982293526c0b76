/**
 * Send a form marked `data-arrive` as soon as a person sees it.
 *
 * A one-time link must not be used up by a mail scanner or a chat preview that fetches it, nor by a
 * browser that renders the page ahead of time; a page that is visible has a person before it.
 */
export function submitOnArrival(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-arrive]");
  if (!form) return;
  const go = () => {
    if (document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", go);
    form.requestSubmit();
  };
  document.addEventListener("visibilitychange", go);
  go();
}
