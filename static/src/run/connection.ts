/**
 * The line to a run: every entry once and in order, whatever happens to the socket.
 *
 * The socket is asked to go on after the last entry seen; what comes twice is dropped, what is
 * missing is fetched. The client only ever sends pings. A server that does not answer one counts as
 * lost at once, but the socket is kept: it may be a slow link, or a server that stood still, and goes
 * on where it was. Only after a long silence, ever longer where it happens again, is it given up.
 */

import type { Entry } from "../journal/entry";

export type LineStatus = "connecting" | "open" | "lost" | "signed-out" | "not-found";

export type LineEvents = {
  entries: (entries: Entry[]) => void;
  /** A preview of text that is being written, or printed to a stream; not stored anywhere. */
  delta: (action: string, text: string, stream: string) => void;
  caughtUp: (seq: number) => void;
  status: (status: LineStatus) => void;
};

type SocketLike = Pick<WebSocket, "send" | "close" | "onopen" | "onmessage" | "onclose">;

export type Means = {
  /** Opens a socket that replays what comes after `seq`. */
  open: (after: number) => SocketLike;
  /** Fetches some entries after `seq`; [] where there are none. */
  fetch: (after: number) => Promise<Entry[]>;
};

/** Milliseconds. After so much silence a ping goes out, and so soon its answer should be here. */
const PING_EVERY = 900;
const PONG_WITHIN = 850;
const OPEN_WITHIN = 1800;
/** How much longer it may take before the socket is given up: at first, to open, and at most. */
const PATIENCE = 6000;
const OPEN_PATIENCE = 12_000;
const MOST_PATIENCE = 60_000;
const BACKOFF = [100, 250, 500, 1000, 1500];
const FINAL_CODES: { [code: number]: LineStatus } = { 4401: "signed-out", 4404: "not-found" };

export class Line {
  private socket: SocketLike | null = null;
  private last = 0;
  /** The highest seq heard of; what lies between is missing. */
  private heard = 0;
  private failures = 0;
  private filling = false;
  private status: LineStatus | null = null;
  /** When the pings went out that are not answered yet. */
  private pings: number[] = [];
  /** How long the last ping took, and how long one may take; milliseconds. */
  private took = 0;
  private patience = PATIENCE;
  private closed = false;
  private timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(
    private readonly means: Means,
    private readonly on: LineEvents,
  ) {}

  get seq(): number {
    return this.last;
  }

  start(): void {
    this.tell("connecting");
    this.connect();
  }

  /** Ends the line for good: the run is over, or the page goes. */
  stop(): void {
    this.closed = true;
    this.drop();
  }

  /** Tries again at once, for example when the browser says that it is online. */
  retry(): void {
    if (this.closed || this.status !== "lost") return;
    this.drop();
    this.connect();
  }

  private connect(): void {
    const socket = this.means.open(this.last);
    this.socket = socket;
    this.pings = [];
    const begun = Date.now();
    this.expect(socket, OPEN_WITHIN, Math.min(this.patience, OPEN_PATIENCE));
    socket.onopen = () => {
      // That was at least twice there and back.
      this.took = (Date.now() - begun) / 2;
      this.ping(socket);
    };
    socket.onmessage = (event) => this.hear(JSON.parse(event.data), socket);
    socket.onclose = ({ code }) => this.lose(socket, code);
  }

  private ping(socket: SocketLike): void {
    this.clear();
    this.pings.push(Date.now());
    socket.send('{"type":"ping"}');
    this.expect(socket, Math.max(PONG_WITHIN, 2 * this.took), this.patience);
  }

  /** Tells that the line is lost when nothing is heard soon, and gives it up later. */
  private expect(socket: SocketLike, soon: number, patience: number): void {
    this.after(soon, () => this.tell("lost"));
    this.after(soon + patience, () => {
      this.patience = Math.min(2 * this.patience, MOST_PATIENCE);
      this.lose(socket);
    });
  }

  private hear(message: { type: string } & Record<string, unknown>, socket: SocketLike): void {
    this.clear();
    this.failures = 0;
    this.tell("open");
    this.after(PING_EVERY, () => this.ping(socket));
    switch (message.type) {
      case "pong":
        this.took = Date.now() - (this.pings.shift() ?? Date.now());
        this.patience = Math.max(PATIENCE, 4 * this.took, this.patience * 0.9);
        break;
      case "entry":
        this.take([message.entry as Entry]);
        break;
      case "delta":
        this.on.delta(
          String(message.action),
          String(message.text),
          typeof message.stream === "string" ? message.stream : "",
        );
        break;
      case "caught_up":
        this.heard = Math.max(this.heard, Number(message.seq));
        void this.fill();
        this.on.caughtUp(Number(message.seq));
        break;
    }
  }

  private take(entries: readonly Entry[]): void {
    const fresh: Entry[] = [];
    for (const entry of entries) {
      this.heard = Math.max(this.heard, entry.seq);
      if (entry.seq !== this.last + 1) continue;
      this.last = entry.seq;
      fresh.push(entry);
    }
    if (fresh.length > 0) this.on.entries(fresh);
    if (this.last < this.heard) void this.fill();
  }

  /** Fetches what is missing, page by page. */
  private async fill(): Promise<void> {
    if (this.filling) return;
    this.filling = true;
    try {
      while (this.last < this.heard && !this.closed) {
        const before = this.last;
        this.take(await this.means.fetch(before));
        if (this.last === before) throw new Error("the server does not have what it spoke of");
      }
    } catch {
      // No answer, or a wrong one: a new socket asks for the same.
      if (this.socket) this.lose(this.socket);
    } finally {
      this.filling = false;
    }
  }

  private lose(socket: SocketLike, code = 1006): void {
    if (socket !== this.socket) return;
    this.drop();
    if (this.closed) return;
    const final = FINAL_CODES[code];
    this.tell(final ?? "lost");
    if (final) {
      this.closed = true;
      return;
    }
    const wait =
      code === 4408 ? 0 : (BACKOFF[Math.min(this.failures, BACKOFF.length - 1)] as number);
    this.failures += 1;
    this.after(wait, () => this.connect());
  }

  private tell(status: LineStatus): void {
    if (status !== this.status) this.on.status(status);
    this.status = status;
  }

  private drop(): void {
    this.clear();
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  private after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }

  private clear(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}
