/**
 * The line to a run: every entry once and in order, whatever happens to the socket.
 *
 * The socket is asked to go on after the last entry seen; what comes twice is dropped, what is
 * missing is fetched. The client only ever sends pings: a server that does not answer one is gone.
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

const PING_EVERY = 900;
const PONG_WITHIN = 850;
const OPEN_WITHIN = 1800;
const BACKOFF = [100, 250, 500, 1000, 1500];
const FINAL_CODES: { [code: number]: LineStatus } = { 4401: "signed-out", 4404: "not-found" };

export class Line {
  private socket: SocketLike | null = null;
  private last = 0;
  /** The highest seq heard of; what lies between is missing. */
  private heard = 0;
  private failures = 0;
  private filling = false;
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
    this.on.status("connecting");
    this.connect();
  }

  /** Ends the line for good: the run is over, or the page goes. */
  stop(): void {
    this.closed = true;
    this.drop();
  }

  /** Tries again at once, for example when the browser says that it is online. */
  retry(): void {
    if (this.closed || this.socket) return;
    this.clear();
    this.connect();
  }

  private connect(): void {
    const socket = this.means.open(this.last);
    this.socket = socket;
    this.after(OPEN_WITHIN, () => this.lose(socket));
    socket.onopen = () => {
      this.clear();
      this.failures = 0;
      this.on.status("open");
      this.ping(socket);
    };
    socket.onmessage = (event) => this.hear(JSON.parse(event.data), socket);
    socket.onclose = ({ code }) => this.lose(socket, code);
  }

  private ping(socket: SocketLike): void {
    socket.send('{"type":"ping"}');
    this.after(PONG_WITHIN, () => this.lose(socket));
  }

  private hear(message: { type: string } & Record<string, unknown>, socket: SocketLike): void {
    this.clear();
    this.after(PING_EVERY, () => this.ping(socket));
    switch (message.type) {
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
    this.on.status(final ?? "lost");
    if (final) {
      this.closed = true;
      return;
    }
    const wait =
      code === 4408 ? 0 : (BACKOFF[Math.min(this.failures, BACKOFF.length - 1)] as number);
    this.failures += 1;
    this.after(wait, () => this.connect());
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
