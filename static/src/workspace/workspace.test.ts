import { describe, expect, it } from "vitest";
import type { Entry, JsonObject } from "../journal/entry";
import { excerptOf, feedRows } from "../journal/feed";
import { fold } from "../journal/fold";
import { commandsOf, titleOfWorkspace, workspaceOf } from "./commands";
import { bytes, handedOver, workspacesOf } from "./files";
import { plain } from "./plain";
import { Printed } from "./printed";
import { chunks, terminalRows } from "./rows";

describe("plain", () => {
  it.each([
    ["\x1b[31mred\x1b[0m", "red"],
    ["\x1b]0;title\x07text", "text"],
    ["\x1b]8;;http://evil/\x1b\\link\x1b]8;;\x1b\\", "link"],
    ["\x1bP+q544e\x1b\\after", "after"],
    ["\x9b2Jclear", "clear"],
    ["10%\r20%\r\ndone", "20%\ndone"],
    ["abc\b\bX", "aXc"],
    ["a\x00b\x07c\td\n", "abc\td\n"],
    ["cut \x1b[3", "cut "],
    ["cut \x1b", "cut "],
    ["user\u202etxt.exe", "user\ufffdtxt.exe"],
    ["<b>é — 漢字 🚀</b>", "<b>é — 漢字 🚀</b>"],
  ])("%j", (given, expected) => expect(plain(given)).toBe(expected));

  it("is not slowed down by what a program repeats", () => {
    for (const bad of ["\x1b[", "\x1b]", "\b", "\r", "\x1bP", "\x1b"]) {
      expect(plain(bad.repeat(200_000))).toBe("");
    }
  });
});

const DOCUMENT = {
  roles: {
    coder: { title: "Coder", sandbox: { shared: "desk" } },
    tester: { sandbox: { shared: "desk" } },
    writer: {},
  },
};

let seq = 0;
function entry(kind: Entry["kind"], action: string | null, payload: JsonObject, agent = ""): Entry {
  seq += 1;
  const at = new Date(Date.UTC(2026, 0, 1, 0, 0, seq)).toISOString().replace("Z", "000Z");
  const hashes = { salt: "", payload_hash: "", prev_hash: "", hash: "" };
  const place = { parent: null, key: action ?? "", actor: "system" };
  return { run: "r", seq, at, kind, action, agent, payload, ...place, ...hashes };
}

function done(action: string, agent: string, started: JsonObject, output: JsonObject): Entry[] {
  return [
    entry("action.started", action, { type: "tool_call", attempt: 1, ...started }, agent),
    entry("action.finished", action, { output }, agent),
  ];
}

const file = (path: string, change: string, sha256 = "") => ({ path, change, size: 5, sha256 });

function story() {
  seq = 0;
  return fold([
    entry("run.started", null, { document: DOCUMENT, crews: { lead: { document: DOCUMENT } } }),
    ...done(
      "b",
      "tester",
      { name: "shell", input: { command: "rm a.txt" } },
      {
        exit_code: 1,
        stdout: "",
        stderr: "no\n",
        workspace: { name: "shared-desk", version: 2, files: [file("a.txt", "removed")] },
      },
    ),
    ...done(
      "a",
      "coder",
      { name: "run_python", input: { code: "open('a.txt')" } },
      {
        exit_code: 0,
        stdout: "ok\n",
        workspace: {
          name: "shared-desk",
          version: 1,
          files: [file("a.txt", "added", "aa"), file("b.txt", "added", "bb")],
          not_kept: [["big.bin", "it is too large"]],
        },
      },
    ),
    ...done(
      "h",
      "coder",
      { type: "handoff", name: "coder → writer", input: { from: "coder", to: "writer" } },
      { artifacts: [{ path: "b.txt", size: 5, sha256: "bb" }], missing: ["*.csv"] },
    ),
    ...done("m", "coder", { type: "model_call", name: "m", input: {} }, { text: "x" }),
  ]);
}

describe("workspaces", () => {
  it("are named as the engine names them", () => {
    const state = story();
    expect(workspaceOf(state, "writer")).toBe("role-writer");
    expect(workspaceOf(state, "coder")).toBe("shared-desk");
    expect(workspaceOf(state, "lead/coder")).toBe("shared-lead/desk");
    const name = (role: string) => role.toUpperCase();
    expect(titleOfWorkspace(state, "shared-desk", name)).toBe("desk (shared by CODER, TESTER)");
    expect(titleOfWorkspace(state, "role-writer", name)).toBe("WRITER");
  });

  it("hold what was changed last, whichever action ended first", () => {
    const [space] = workspacesOf(story());
    expect(space?.files.map((one) => [one.path, one.sha256, one.by])).toEqual([
      ["b.txt", "bb", "coder"],
    ]);
  });

  it("tell what was handed over, and what was not there", () => {
    const { artifacts, missing } = handedOver(story());
    expect(artifacts).toMatchObject([{ from: "coder", to: "writer", path: "b.txt", sha256: "bb" }]);
    expect(missing).toMatchObject([{ pattern: "*.csv" }]);
  });

  it("know sizes as people say them", () => {
    expect([0, 999, 1000, 9_960, 1_234_567].map(bytes)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "10 kB",
      "1.2 MB",
    ]);
  });
});

describe("the feed", () => {
  it("tells a handoff's files where it tells the handoff, and a failure to move them", () => {
    const moves = { type: "state_write", name: "deliver files", input: { from: "coder" } };
    const state = fold(done("d", "writer", moves, { placed: {} }), story());
    expect(feedRows(state).map((row) => row.kind === "action" && row.action.id)).not.toContain("d");
    const handoff = state.actions.get("h");
    expect(handoff && excerptOf(handoff)).toBe("valid · 1 file along · no file fits *.csv");
    const error = { message: "they are too large" };
    fold([entry("action.started", "f", { ...moves, attempt: 1 }, "writer")], state);
    fold([entry("action.failed", "f", { error, final: true }, "writer")], state);
    expect(feedRows(state).map((row) => row.kind === "action" && row.action.id)).toContain("f");
  });
});

describe("the terminal", () => {
  it("has a row for each part of a command", () => {
    const rows = terminalRows(commandsOf(story()), () => []);
    expect(rows.map((row) => row.kind)).toEqual([
      ...["line", "text", "changes", "end"],
      ...["line", "text", "changes"],
    ]);
    expect(rows[1]).toMatchObject({ stream: "stderr", text: "no" });
  });

  it("shows what comes until the journal has it", () => {
    const printed = new Printed();
    printed.add("stdout", "one\n");
    printed.add("stderr", "two\n");
    const state = story();
    const started = { type: "tool_call", name: "shell", input: { command: "x" }, attempt: 1 };
    const live = fold([entry("action.started", "c", started, "coder")], state);
    const rows = terminalRows(commandsOf(live), (id) => (id === "c" ? printed.pieces : []));
    expect(rows.slice(-2)).toMatchObject([
      { stream: "stdout", text: "one" },
      { stream: "stderr", text: "two" },
    ]);
  });

  it("keeps a flood within bounds", () => {
    const printed = new Printed();
    for (let n = 0; n < 1_000; n++) printed.add("stdout", "y\n".repeat(1_000));
    expect(printed.pieces.map((piece) => piece.text).join("").length).toBeLessThan(110_000);
    expect(chunks("x".repeat(10_000))[0]?.length).toBe(2_001);
    expect(chunks("y\n".repeat(100)).length).toBe(3);
  });
});
