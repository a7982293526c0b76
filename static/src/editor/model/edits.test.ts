import { expect, test } from "vitest";
import type { CrewDocument, Json, Role } from "../../graph/document";
import type { Seat } from "../../graph/seats";
import { adopt, setPattern, withField, withFilled } from "./crew";
import { connect, connectFault, removeHandoffs, reverseHandoff } from "./handoffs";
import { freeName, nameFault } from "./names";
import {
  addRole,
  blankRole,
  duplicateRoles,
  moveRoles,
  removeRoles,
  renameRole,
  seatFor,
  setKind,
} from "./roles";

const SEATS: Seat[] = [
  { name: "orchestrator", min: 1, max: 1 },
  { name: "worker", min: 1, max: null },
];

function crew(rest: Partial<CrewDocument> = {}): CrewDocument {
  const roles: { [name: string]: Role } = {
    lead: { seat: "orchestrator", model: { tier: "best" } },
    writer: { seat: "worker", title: "Writer", model: { tier: "fast" } },
    critic: { seat: "worker", model: { tier: "fast" } },
  };
  return {
    callsheet: 1,
    name: "Desk",
    pattern: { name: "hierarchical", options: { must_review: ["writer"], end_word: "writer" } },
    roles,
    handoffs: [
      { from: "lead", to: "writer", required_confidence: 0.7 },
      { from: "writer", to: "critic" },
    ],
    layout: { lead: { x: 0, y: 0 }, writer: { x: 320, y: 0 } },
    ...rest,
  };
}

const OPTIONS = {
  type: "object",
  properties: {
    must_review: { type: "array", items: { type: "string", format: "role" } },
    end_word: { type: "string" },
  },
};

test("renaming reaches handoffs, places and options that name roles, and nothing else", () => {
  const renamed = renameRole(crew(), "writer", "author", OPTIONS);
  expect(Object.keys(renamed.roles)).toEqual(["lead", "author", "critic"]);
  expect(renamed.handoffs?.map(({ from, to }) => `${from}>${to}`)).toEqual([
    "lead>author",
    "author>critic",
  ]);
  expect(renamed.layout).toHaveProperty("author");
  expect(renamed.pattern.options).toEqual({ must_review: ["author"], end_word: "writer" });
});

test("renaming never overwrites another role", () => {
  const document = crew();
  expect(renameRole(document, "writer", "critic", OPTIONS)).toBe(document);
});

test("removing roles takes their handoffs and places along", () => {
  const left = removeRoles(crew(), ["writer"]);
  expect(left.handoffs).toEqual([]);
  expect(left.layout).toEqual({ lead: { x: 0, y: 0 } });
});

test("an added role has a free name and stands on nobody", () => {
  const places = { lead: { x: 0, y: 0 }, "slot:worker": { x: 320, y: 0 } };
  const first = addRole(crew({ layout: {} }), blankRole("model", "writer"), { x: 8, y: 8 }, places);
  expect(first.name).toBe("writer_2");
  const at = first.document.layout?.writer_2;
  expect(Math.abs(at?.x ?? 0) >= 232 || Math.abs(at?.y ?? 0) >= 92).toBe(true);
  expect(first.document.layout).not.toHaveProperty("slot:worker");
});

test("the seat that must be filled comes first", () => {
  const document = crew();
  expect(seatFor({ ...document, roles: {} }, SEATS)).toBe("orchestrator");
  expect(seatFor(document, SEATS)).toBe("worker");
});

test("another kind keeps what belongs to every role", () => {
  const changed = setKind(crew(), "writer", "code").roles.writer;
  expect(changed).toMatchObject({ seat: "worker", kind: "code", title: "Writer" });
  expect(changed).not.toHaveProperty("model");
  const back = setKind({ ...crew(), roles: { writer: changed as Role } }, "writer", "model");
  expect(back.roles.writer).toEqual({
    seat: "worker",
    title: "Writer",
    model: { tier: "balanced" },
  });
});

test("copies carry the handoffs between them", () => {
  const made = duplicateRoles(crew(), ["writer", "critic"], {});
  expect(made.names).toEqual(["writer_2", "critic_2"]);
  expect(made.document.handoffs?.at(-1)).toEqual({ from: "writer_2", to: "critic_2" });
  expect(made.document.roles.writer_2?.title).toBe("Writer copy");
});

test("places of empty seats are not written into the document", () => {
  const moved = moveRoles(crew(), { lead: { x: 16, y: 16 }, "slot:worker": { x: 0, y: 0 } });
  expect(moved.layout).toEqual({ lead: { x: 16, y: 16 }, writer: { x: 320, y: 0 } });
});

test("a handoff is drawn once, between two roles", () => {
  const document = crew();
  expect(connectFault(document, "lead", "lead")).toMatch(/itself/);
  expect(connectFault(document, "lead", "writer")).toMatch(/already/);
  expect(connectFault(document, "lead", "slot:worker")).toMatch(/roles/);
  expect(connect(document, "lead", "lead")).toBe(document);
  expect(connect(document, "critic", "lead").handoffs).toHaveLength(3);
});

test("a handoff turned around keeps its contract", () => {
  expect(reverseHandoff(crew(), 0).handoffs?.[0]).toEqual({
    from: "writer",
    to: "lead",
    required_confidence: 0.7,
  });
  expect(removeHandoffs(crew(), [0]).handoffs).toEqual([{ from: "writer", to: "critic" }]);
});

test("another pattern seats everyone it can and forgets the old options", () => {
  const seats: Seat[] = [
    { name: "proposer", min: 1, max: 1 },
    { name: "critic", min: 1, max: 1 },
    { name: "synthesizer", min: 0, max: 1 },
  ];
  const changed = setPattern(crew(), "debate", seats);
  expect(Object.values(changed.roles).map((role) => role.seat)).toEqual([
    "proposer",
    "critic",
    "synthesizer",
  ]);
  expect(Object.keys(changed.roles)).toEqual(["lead", "writer", "critic"]);
  expect(changed.pattern).toEqual({ name: "debate" });
});

test("names are free, and faulty ones are told", () => {
  expect(freeName("worker_2", ["worker", "worker_2"])).toBe("worker_3");
  expect(nameFault("Bad Name", [])).toMatch(/lower-case/);
  expect(nameFault("lead", ["lead"])).toMatch(/Another/);
  expect(nameFault("lead", [])).toBeNull();
});

test("fields without a value are left out", () => {
  expect(withFilled({ a: 1 as number | undefined }, "a", undefined)).toEqual({});
  expect(withFilled({ list: ["x"] }, "list", [])).toEqual({});
  expect(withFilled({ n: 1 }, "n", 0)).toEqual({ n: 0 });
  expect(withField({ s: "x" }, "s", "")).toEqual({ s: "" });
});

test("a draft that is merely unfinished can be drawn", () => {
  expect(adopt({})).toMatchObject({ callsheet: 1, name: "", pattern: { name: "" }, roles: {} });
  const odd: Json = { roles: { a: { instructions: "x", mystery: 1 } }, later: true };
  expect(adopt(odd)).toMatchObject({ roles: { a: { seat: "", mystery: 1 } }, later: true });
  const tools: Json = ["shell", { name: "http_get", options: { allow: ["a.example"] } }];
  expect(adopt({ roles: { a: { tools } } })).toMatchObject({ roles: { a: { tools } } });
});

test.each<Json>([
  null,
  [],
  "text",
  { roles: [] },
  { roles: { a: 1 } },
  { roles: { a: { tools: "shell" } } },
  { roles: { a: { tools: [{ options: {} }] } } },
  { roles: { a: { tools: [{ name: "shell", options: [] }] } } },
  { roles: { a: { kind: "robot" } } },
  { roles: { a: { model: "gpt" } } },
  { handoffs: { from: "a" } },
  { handoffs: [{ from: 1, to: "b" }] },
  { layout: { a: { x: "1" } } },
  { pattern: "debate" },
])("a draft that cannot be drawn is shown as text: %j", (draft) => {
  expect(adopt(draft)).toBeNull();
});
