/** One door to the server: JSON in and out, the session's CSRF token, errors with the server's words. */

import type { Json } from "../graph/document";
import type { Problem } from "../graph/problems";

/** The server answered, and said no. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  readonly problems: Problem[];
  readonly body: unknown;

  constructor(status: number, message: string, problems: Problem[], body: unknown) {
    super(message);
    this.status = status;
    this.problems = problems;
    this.body = body;
  }
}

/** No answer: the network or the server is away. */
export class Unreachable extends Error {
  override name = "Unreachable";
  constructor() {
    super("The server does not answer. What you did is kept here and is sent when it is back.");
  }
}

export type Send = {
  body?: Json;
  text?: { type: string; content: string };
  headers?: { [name: string]: string };
};

/** Send a request below /api/v1 and return the parsed answer; throws ApiError or Unreachable. */
export async function request<T>(method: string, path: string, send: Send = {}): Promise<T> {
  const response = await answer(method, path, send);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** The same for an answer that is text, such as an export. */
export async function requestText(method: string, path: string): Promise<string> {
  return (await answer(method, path, {})).text();
}

async function answer(method: string, path: string, send: Send): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...send.headers };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken(document.cookie);
  if (send.text) headers["Content-Type"] = send.text.type;
  else if (send.body !== undefined) headers["Content-Type"] = "application/json";
  const body = send.text?.content ?? (send.body === undefined ? null : JSON.stringify(send.body));
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body,
      credentials: "same-origin",
    });
  } catch {
    throw new Unreachable();
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

export function csrfToken(cookies: string): string {
  const found = cookies.split("; ").find((cookie) => cookie.startsWith("csrftoken="));
  return found ? decodeURIComponent(found.slice("csrftoken=".length)) : "";
}

const PLAIN: { [status: number]: string } = {
  401: "You are signed out. Sign in again in another tab; nothing here is lost.",
  403: "The server refused this: your role in the team does not allow it, or your session is old. Reload the page.",
  404: "This is not there any more, or it is not yours.",
  413: "This is too large for the server.",
};

async function refusal(response: Response): Promise<Error> {
  // A gateway that stands in for a server that is away.
  if ([502, 503, 504].includes(response.status)) return new Unreachable();
  const body: unknown = await response.json().catch(() => null);
  const said = errorOf(body);
  // To a program the server speaks of keys; a person is told what to do in the browser.
  const message =
    (response.status === 401 ? "" : said.message) ||
    PLAIN[response.status] ||
    `The server failed (status ${response.status}). Try again; if it stays so, its log says why.`;
  return new ApiError(response.status, message, said.problems, body);
}

/** Reads `{"error": {"message", "problems"}}`; anything else has no words of its own. */
function errorOf(body: unknown): { message: string; problems: Problem[] } {
  if (typeof body === "object" && body !== null && "error" in body) {
    const error = body.error;
    if (typeof error === "object" && error !== null) {
      const { message, problems } = error as { message?: unknown; problems?: unknown };
      return {
        message: typeof message === "string" ? message : "",
        problems: Array.isArray(problems) ? (problems as Problem[]) : [],
      };
    }
  }
  return { message: "", problems: [] };
}
