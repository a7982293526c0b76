/** Pieces of HTML that the server draws for this page. */

export type Fetched = { ok: true; html: string } | { ok: false; reason: string };

/** Fetches a piece by GET, or by POST where there is a form to send. */
export async function fetchPart(url: string, form?: FormData): Promise<Fetched> {
  const options: RequestInit = { headers: { "HX-Request": "true" } };
  if (form) Object.assign(options, { method: "POST", body: form });
  const response = await fetch(url, options).catch(() => null);
  if (!response) return { ok: false, reason: "The server did not answer. Try again in a moment." };
  if (response.ok && !response.redirected) return { ok: true, html: await response.text() };
  if (response.redirected)
    return { ok: false, reason: "You are signed out. Reload the page to sign in." };
  return {
    ok: false,
    reason: `The server answered ${response.status}. Reload the page and try again.`,
  };
}
