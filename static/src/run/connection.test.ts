import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Entry } from "../journal/entry";
import { Line, type LineStatus } from "./connection";

class Socket {
  static all: Socket[] = [];
  sent: string[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor(readonly after: number) {
    Socket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.closed = true;
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  entry(seq: number): void {
    this.say({ type: "entry", entry: { seq } });
  }
}

function newest(): Socket {
  return Socket.all.at(-1) as Socket;
}

let seen: number[];
let statuses: LineStatus[];
let stored: number[];
let line: Line;

beforeEach(() => {
  vi.useFakeTimers();
  Socket.all = [];
  seen = [];
  statuses = [];
  stored = [];
  line = new Line(
    {
      open: (after) => new Socket(after) as unknown as WebSocket,
      fetch: async (after) =>
        stored
          .filter((seq) => seq > after)
          .slice(0, 3)
          .map((seq) => ({ seq }) as Entry),
    },
    {
      entries: (entries) => seen.push(...entries.map((entry) => entry.seq)),
      delta: () => {},
      caughtUp: () => {},
      status: (status) => statuses.push(status),
    },
  );
  line.start();
});

afterEach(() => {
  line.stop();
  vi.useRealTimers();
});

test("what comes twice is taken once", () => {
  newest().onopen?.();
  for (const seq of [1, 2, 2, 1, 3]) newest().entry(seq);
  expect(seen).toEqual([1, 2, 3]);
});

test("what is missing is fetched, in order, over several pages", async () => {
  stored = [1, 2, 3, 4, 5, 6, 7, 8];
  newest().onopen?.();
  newest().entry(1);
  newest().entry(8);
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("after a closed socket it goes on after the last entry", async () => {
  newest().onopen?.();
  newest().entry(1);
  newest().onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(100);
  expect(Socket.all).toHaveLength(2);
  expect(newest().after).toBe(1);
  newest().onopen?.();
  newest().entry(2);
  expect(statuses).toEqual(["connecting", "open", "lost", "open"]);
});

test("a server that no longer answers is noticed within two seconds, and given up later", async () => {
  newest().onopen?.();
  newest().say({ type: "pong" });
  await vi.advanceTimersByTimeAsync(1950);
  expect(statuses.at(-1)).toBe("lost");
  expect(Socket.all[0]?.closed).toBe(false);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(Socket.all[0]?.closed).toBe(true);
  expect(Socket.all.length).toBeGreaterThan(1);
});

test("a server that stood still goes on with the same socket", async () => {
  newest().onopen?.();
  newest().say({ type: "pong" });
  await vi.advanceTimersByTimeAsync(5000);
  newest().entry(1);
  expect(statuses).toEqual(["connecting", "open", "lost", "open"]);
  expect(Socket.all).toHaveLength(1);
});

/** Answers pings after `delay` milliseconds, and says something else besides every second. */
function answerSlowly(socket: Socket, delay: number): void {
  socket.send = (text) => {
    socket.sent.push(text);
    setTimeout(() => socket.say({ type: "pong" }), delay);
  };
}

test.each([1500, 3000])("a link of %d ms there and back is slow, not lost", async (delay) => {
  const socket = newest();
  answerSlowly(socket, delay);
  await vi.advanceTimersByTimeAsync(2 * delay);
  socket.onopen?.();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Socket.all).toHaveLength(1);
  // Until it was open, nobody could know.
  expect(statuses).toEqual(["connecting", "lost", "open"]);
});

test("one that takes longer than it is given gets longer the next time", async () => {
  let sent = 0;
  for (let n = 0; n < 300 && sent === 0; n += 1) {
    const socket = newest();
    if (socket.sent.length === 0 && !socket.closed) {
      socket.onopen?.();
      setTimeout(() => {
        if (socket.closed) return;
        socket.entry(1);
        sent += 1;
      }, 20_000);
    }
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(seen).toEqual([1]);
  expect(Socket.all.length).toBeLessThan(5);
});

test("a server that answers stays", async () => {
  const socket = newest();
  socket.onopen?.();
  for (let n = 0; n < 20; n += 1) {
    socket.say({ type: "pong" });
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(statuses).toEqual(["connecting", "open"]);
  expect(socket.sent).toHaveLength(21);
});

test("a socket that never opens is given up, again and again, ever more slowly", async () => {
  await vi.advanceTimersByTimeAsync(120_000);
  expect(Socket.all.length).toBeGreaterThan(6);
  expect(Socket.all.length).toBeLessThan(14);
  expect(statuses.slice(1).every((status) => status === "lost")).toBe(true);
});

test.each([
  [4401, "signed-out"],
  [4404, "not-found"],
] as const)("close code %d is final", async (code, status) => {
  newest().onclose?.({ code });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(statuses.at(-1)).toBe(status);
  expect(Socket.all).toHaveLength(1);
});

test("a reader that was too slow comes back at once", async () => {
  newest().onopen?.();
  newest().entry(1);
  newest().onclose?.({ code: 4408 });
  await vi.advanceTimersByTimeAsync(0);
  expect(newest().after).toBe(1);
  expect(Socket.all).toHaveLength(2);
});

test("once stopped it stays silent", async () => {
  newest().onopen?.();
  line.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Socket.all).toHaveLength(1);
});
