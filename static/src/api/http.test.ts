import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { crewSave, StaleSave } from "./crews";
import { ApiError, csrfToken, request, Unreachable } from "./http";

// A server with the answers of the real one; only the page's address is put in front of paths.
let server: Server;
let seen: { method: string; url: string; token: string; body: string }[] = [];
const ANSWERS: { [url: string]: { status: number; body: string } } = {
  "/api/v1/ok": { status: 200, body: '{"fine": true}' },
  "/api/v1/crews/c": {
    status: 409,
    body: '{"error": {"message": "Ada was faster."}, "current": {"revision": 4, "document": {}, "saved_by": "Ada", "saved_at": "x"}}',
  },
  "/api/v1/bad": {
    status: 422,
    body: '{"error": {"message": "No.", "problems": [{"path": "name", "message": "m", "severity": "error"}]}}',
  },
  "/api/v1/gateway": { status: 502, body: "<html>" },
  "/api/v1/broken": { status: 500, body: "<html>" },
};

beforeEach(async () => {
  seen = [];
  server = createServer((message, response) => {
    let body = "";
    message.on("data", (part) => {
      body += part;
    });
    message.on("end", () => {
      const token = String(message.headers["x-csrftoken"] ?? "");
      seen.push({ method: message.method ?? "", url: message.url ?? "", token, body });
      const answer = ANSWERS[message.url ?? ""] ?? { status: 404, body: "{}" };
      response.writeHead(answer.status, { "Content-Type": "application/json" }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const real = globalThis.fetch;
  vi.stubGlobal("document", { cookie: "theme=dark; csrftoken=abc" });
  vi.stubGlobal("fetch", (path: string, init: RequestInit) =>
    real(`http://127.0.0.1:${port}${path}`, init),
  );
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await new Promise((resolve) => server.close(resolve));
});

test("a request carries the session's token, and its answer is parsed", async () => {
  expect(await request("POST", "/ok", { body: { a: 1 } })).toEqual({ fine: true });
  expect(seen).toEqual([{ method: "POST", url: "/api/v1/ok", token: "abc", body: '{"a":1}' }]);
  expect(csrfToken("a=b")).toBe("");
});

test("a stale save brings the other document along", async () => {
  const document = { callsheet: 1 as const, name: "", pattern: { name: "" }, roles: {} };
  const error = await crewSave("c", { revision: 3, document }).catch((it: unknown) => it);
  expect(error).toBeInstanceOf(StaleSave);
  expect((error as StaleSave).theirs).toMatchObject({ revision: 4, saved_by: "Ada" });
});

test("refusals have the server's words and problems", async () => {
  const error = await request("GET", "/bad").catch((it: unknown) => it);
  expect(error).toMatchObject({ status: 422, message: "No.", problems: [{ path: "name" }] });
});

test("an answer without words gets plain ones", async () => {
  const error = (await request("GET", "/broken").catch((it: unknown) => it)) as ApiError;
  expect(error).toBeInstanceOf(ApiError);
  expect(error.message).toMatch(/status 500/);
});

test("no answer, or a gateway's, is a server that is away", async () => {
  await expect(request("GET", "/gateway")).rejects.toBeInstanceOf(Unreachable);
  await new Promise((resolve) => server.close(resolve));
  await expect(request("GET", "/ok")).rejects.toBeInstanceOf(Unreachable);
});
