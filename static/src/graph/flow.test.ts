import { expect, test } from "vitest";
import type { CrewDocument, Role } from "./document";
import { documentToGraph, handoffIds, impliedId } from "./flow";
import { bounds } from "./geometry";
import { arranged, places } from "./layout";
import { emptySeats, type Seat } from "./seats";

const SEATS: Seat[] = [
  { name: "orchestrator", min: 1, max: 1 },
  { name: "worker", min: 1, max: null },
];

function crew(roles: { [name: string]: Role }, rest: Partial<CrewDocument> = {}): CrewDocument {
  return { callsheet: 1, name: "Desk", pattern: { name: "hierarchical" }, roles, ...rest };
}

test("roles become nodes that say what does the work", () => {
  const document = crew({
    lead: { seat: "orchestrator", title: "Lead", model: { tier: "best" }, tools: ["ask_human"] },
    data_clerk: { seat: "worker", kind: "code", program: { source: "" } },
  });
  const { nodes } = documentToGraph(document, { places: places(document) });
  expect(nodes.map((node) => node.data)).toMatchObject([
    { title: "Lead", kind: "model", engine: "best tier", tools: 1, sandboxed: false },
    { title: "Data clerk", kind: "code", engine: "python", tools: 0, sandboxed: true },
  ]);
});

test("empty seats are slots, tied in by the ways that the pattern takes", () => {
  const document = crew({ lead: { seat: "orchestrator" } });
  const { nodes, edges } = documentToGraph(document, { places: {}, seats: SEATS });
  expect(nodes.map((node) => node.id)).toEqual(["lead", "slot:worker"]);
  expect(edges.map((edge) => [edge.id, edge.data.index])).toEqual([
    [impliedId("lead", "slot:worker"), null],
  ]);
});

test("a single optional seat is offered, one with room is not", () => {
  const seats: Seat[] = [...SEATS, { name: "general", min: 0, max: 1 }];
  const document = crew({ lead: { seat: "orchestrator" }, a: { seat: "worker" } });
  expect(emptySeats(document, seats)).toEqual([
    { seat: "general", title: "general", needed: false },
  ]);
});

test("a drawn handoff takes the place of the implied one and shows its contract", () => {
  const document = crew(
    { lead: { seat: "orchestrator" }, writer: { seat: "worker" } },
    {
      handoffs: [
        {
          from: "lead",
          to: "writer",
          schema: { type: "object" },
          required_confidence: 0.7,
          when: { field: "ok", equals: true },
          artifacts: ["*.csv"],
        },
      ],
    },
  );
  const problems = [
    { path: "handoffs.0.schema", message: "bad", severity: "error" as const, handoff: 0 },
    { path: "roles.writer", message: "hm", severity: "warning" as const, role: "writer" },
    { path: "roles.lead", message: "a thought", severity: "advice" as const, role: "lead" },
  ];
  const { nodes, edges } = documentToGraph(document, { places: {}, problems });
  expect(edges).toHaveLength(1);
  expect(edges[0]?.data).toMatchObject({
    index: 0,
    marks: { schema: true, confidence: 0.7, gate: "ok = true", artifacts: 1 },
    problem: { severity: "error", count: 1 },
  });
  expect(nodes.map((node) => "problem" in node.data && node.data.problem?.severity)).toEqual([
    undefined,
    "warning",
  ]);
});

test("a second handoff of the same pair has its own id", () => {
  const pair = { from: "a", to: "b" };
  expect(handoffIds([pair, { from: "b", to: "a" }, pair])).toEqual([
    "handoff:a>b",
    "handoff:b>a",
    "handoff:a>b#2",
  ]);
});

test("run states, figures and lit edges reach the drawing", () => {
  const document = crew({ lead: { seat: "orchestrator" }, writer: { seat: "worker" } });
  const graph = documentToGraph(document, {
    places: {},
    states: { writer: "running" },
    details: { writer: "12 s" },
    lit: { [impliedId("lead", "writer")]: "active" },
  });
  expect(graph.nodes[1]?.data).toMatchObject({ state: "running", detail: "12 s" });
  expect(graph.edges[0]?.data.lit).toBe("active");
});

function covers(drawn: [string, { x: number; y: number }][]): boolean {
  return drawn.some(([name, at]) =>
    drawn.some(
      ([other, place]) =>
        other > name && Math.abs(at.x - place.x) < 232 && Math.abs(at.y - place.y) < 92,
    ),
  );
}

test("twelve roles around a hub: on both sides, covering nothing, on one screen", () => {
  const roles: { [name: string]: Role } = { lead: { seat: "orchestrator" } };
  for (let n = 1; n <= 11; n++) roles[`worker_${n}`] = { seat: "worker" };
  const drawn = Object.entries(arranged(crew(roles)));
  expect(drawn).toHaveLength(12);
  expect(covers(drawn)).toBe(false);
  const box = bounds(drawn.map(([, at]) => at));
  expect(box?.width).toBeLessThan(1100);
  expect(box?.height).toBeLessThan(780);
});

test("a chain is drawn from left to right in the order of its handoffs", () => {
  const roles: { [name: string]: Role } = {};
  for (const name of ["c", "b", "a"]) roles[name] = { seat: "stage" };
  const handoffs = [
    { from: "a", to: "b" },
    { from: "b", to: "c" },
  ];
  const drawn = arranged(crew(roles, { pattern: { name: "pipeline" }, handoffs }));
  expect(drawn.a?.x).toBeLessThan(drawn.b?.x ?? 0);
  expect(drawn.b?.x).toBeLessThan(drawn.c?.x ?? 0);
  expect(covers(Object.entries(drawn))).toBe(false);
});

test("an empty seat stays on its side of the role that it works with", () => {
  const seats: Seat[] = [
    { name: "orchestrator", min: 1, max: 1 },
    { name: "worker", min: 1, max: null },
  ];
  const empty = crew({});
  const before = places(empty, seats);
  const taken = crew(
    { a: { seat: "worker" } },
    { layout: { a: before["slot:worker"] ?? { x: 0, y: 0 } } },
  );
  expect(places(taken, seats)["slot:orchestrator"]).toEqual(before["slot:orchestrator"]);
});

test("a hundred roles are never one long column", () => {
  const roles: { [name: string]: Role } = { lead: { seat: "orchestrator" } };
  for (let n = 0; n < 99; n++) roles[`w${n}`] = { seat: "worker" };
  const handoffs = [{ from: "w0", to: "w1" }];
  for (const document of [crew(roles), crew(roles, { handoffs })]) {
    const drawn = Object.entries(arranged(document));
    expect(covers(drawn)).toBe(false);
    expect(bounds(drawn.map(([, at]) => at))?.height).toBeLessThan(3000);
  }
});

test("edges that go both ways have a lane each", () => {
  const document = crew(
    { lead: { seat: "orchestrator" }, writer: { seat: "worker" } },
    { handoffs: [{ from: "writer", to: "lead" }] },
  );
  const { edges } = documentToGraph(document, { places: {} });
  expect(edges.map((edge) => edge.data.lane).sort()).toEqual([-1, 1]);
});

test("a role without a place stands beside those that have one, which stay", () => {
  const document = crew(
    { lead: { seat: "orchestrator" }, writer: { seat: "worker" } },
    { layout: { lead: { x: 10, y: 20 } } },
  );
  const where = places(document, SEATS);
  expect(where.lead).toEqual({ x: 10, y: 20 });
  expect(where.writer?.x).toBeGreaterThan(10 + 232);
});

test("a long row of stages turns around, and neighbours stay neighbours", () => {
  const names = Array.from({ length: 9 }, (_, n) => `stage_${n}`);
  const document: CrewDocument = {
    callsheet: 1,
    name: "Line",
    pattern: { name: "pipeline" },
    roles: Object.fromEntries(names.map((name) => [name, { seat: "stage" }])),
    handoffs: names.slice(1).map((to, n) => ({ from: names[n] as string, to })),
  };
  const drawn = arranged(document);
  const at = names.map((name) => drawn[name] ?? { x: Number.NaN, y: Number.NaN });
  const box = bounds(at);
  expect((box?.width ?? 0) / (box?.height ?? 1)).toBeLessThan(3);
  expect(new Set(at.map(({ x, y }) => `${x} ${y}`)).size).toBe(names.length);
  for (const [n, place] of at.slice(1).entries()) {
    const before = at[n] ?? place;
    const across = Math.abs(place.x - before.x);
    expect(across === 0 ? place.y - before.y : across).toBeLessThan(400);
    expect(across === 0 || place.y === before.y).toBe(true);
  }
});
