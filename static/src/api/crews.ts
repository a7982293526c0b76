/** The crews part of the REST API, typed (docs/crew-document.md, /api/v1/openapi.json). */

import type { CrewDocument, Json } from "../graph/document";
import type { Problem } from "../graph/problems";
import { ApiError, request, requestText } from "./http";

export type CrewState = {
  id: string;
  slug: string;
  name: string;
  revision: number;
  document: Json;
  problems: Problem[];
  updated_at: string;
  updated_by: string | null;
  published: Published | null;
  /** The latest version is the draft. */
  unchanged: boolean;
  permissions: { change: boolean; run: boolean };
};

export type Saved = { revision: number; problems: Problem[] };

/** Somebody else saved since; their document comes along, so that nothing is lost. */
export type Theirs = {
  revision: number;
  document: Json;
  saved_by: string | null;
  saved_at: string;
};

export class StaleSave extends Error {
  override name = "StaleSave";
  readonly theirs: Theirs;
  constructor(message: string, theirs: Theirs) {
    super(message);
    this.theirs = theirs;
  }
}

export type Published = { number: number; hash: string };
export type Version = Published & { created_at: string; created_by: string | null };

const at = (crew: string) => `/crews/${encodeURIComponent(crew)}`;

export function crewGet(crew: string): Promise<CrewState> {
  return request("GET", at(crew));
}

/** Save a draft made from `revision`; throws StaleSave when that is not the latest any more. */
export async function crewSave(
  crew: string,
  draft: { revision: number; document: CrewDocument },
): Promise<Saved> {
  try {
    return await request("PUT", at(crew), { body: draft });
  } catch (error) {
    throw staleOf(error) ?? error;
  }
}

function staleOf(error: unknown): StaleSave | null {
  if (!(error instanceof ApiError) || error.status !== 409) return null;
  const body = error.body;
  if (typeof body !== "object" || body === null || !("current" in body)) return null;
  return new StaleSave(error.message, body.current as Theirs);
}

export function crewPublish(crew: string, revision: number): Promise<Published> {
  return request("POST", `${at(crew)}/publish`, { body: { revision } });
}

/** A draft as it would be published, to compare it with what was; one with errors as it is. */
export async function crewCanonical(draft: CrewDocument): Promise<Json> {
  const body = draft as unknown as Json;
  const checked: { canonical: Json } = await request("POST", "/crews/validate", { body });
  return checked.canonical ?? body;
}

/** The published versions, the newest first. */
export function crewVersions(crew: string): Promise<Version[]> {
  return request("GET", `${at(crew)}/versions`);
}

/** The document of a published version. */
export async function crewVersion(crew: string, number: number): Promise<Json> {
  const version: { document: Json } = await request("GET", `${at(crew)}/versions/${number}`);
  return version.document;
}

export function crewCreate(document: Json): Promise<CrewState> {
  return request("POST", "/crews", { body: { document } });
}

/** The saved draft as YAML, exactly as it would be downloaded. */
export function crewYaml(crew: string): Promise<string> {
  return requestText("GET", `${at(crew)}/export?format=yaml`);
}

/** Check YAML or JSON text; the document is there when it could be read at all. */
export type Checked = { valid: boolean; document?: Json; problems: Problem[] };

export function textValidate(content: string): Promise<Checked> {
  return request("POST", "/crews/validate", { text: { type: "application/yaml", content } });
}
