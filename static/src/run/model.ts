/** What the page knows: the entries so far, what they add up to, and where the viewer stands in them. */

import { useSyncExternalStore } from "react";
import type { Entry } from "../journal/entry";
import { isEvent } from "../journal/feed";
import { fold, isFinal, newState, type RunState } from "../journal/fold";
import { Position } from "../journal/position";
import { Printed } from "../workspace/printed";
import { Line, type LineStatus, type Means } from "./connection";

/** Drawn at most this often, in milliseconds, however fast entries and tokens come. */
const DRAW_EVERY = 50;
/** Characters of a command's output that its row shows while it runs. */
const LAST_PRINTED = 2_000;

export class RunModel {
  readonly entries: Entry[] = [];
  /** The entries that the feed shows besides actions. */
  readonly events: Entry[] = [];
  /** Text that a model is writing, by action. */
  readonly writing = new Map<string, string>();
  /** What commands print while they run, by action. */
  readonly printed = new Map<string, Printed>();
  readonly live: RunState = newState();
  line: LineStatus = "connecting";
  caughtUp = false;
  /** The entry looked at, or null for the present. */
  at: number | null = null;

  private readonly connection: Line;
  private readonly position = new Position();
  private readonly listeners = new Set<() => void>();
  private drawing: ReturnType<typeof setTimeout> | null = null;
  private version = 0;

  constructor(means: Means) {
    this.connection = new Line(means, {
      entries: (entries) => this.take(entries),
      delta: (action, text, stream) => {
        const written = (this.writing.get(action) ?? "") + text;
        this.writing.set(action, stream ? written.slice(-LAST_PRINTED) : written);
        if (stream) this.print(action, stream, text);
        this.changed();
      },
      caughtUp: () => {
        this.caughtUp = true;
        this.closeWhenOver();
        this.changed();
      },
      status: (status) => {
        this.line = status;
        this.changed();
      },
    });
  }

  start(): void {
    this.connection.start();
    window.addEventListener("online", () => this.connection.retry());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.connection.retry();
    });
  }

  /** The state to draw: the present one, or the one at the entry looked at. */
  get shown(): RunState {
    return this.at === null ? this.live : this.position.at(this.entries, this.at);
  }

  lookAt(seq: number | null): void {
    this.at = seq === null ? null : Math.min(Math.max(seq, 1), this.entries.length);
    this.draw();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getVersion = (): number => this.version;

  private take(entries: readonly Entry[]): void {
    fold(entries, this.live);
    for (const entry of entries) {
      this.entries.push(entry);
      if (isEvent(entry)) this.events.push(entry);
      if (entry.action) {
        this.writing.delete(entry.action);
        this.printed.delete(entry.action);
      }
    }
    this.closeWhenOver();
    this.changed();
  }

  private print(action: string, stream: string, text: string): void {
    const printed = this.printed.get(action) ?? new Printed();
    this.printed.set(action, printed);
    printed.add(stream, text);
  }

  /** A run that is over gets no more entries worth a connection, or a banner when it is lost. */
  private closeWhenOver(): void {
    if (this.caughtUp && isFinal(this.live.status)) this.connection.stop();
  }

  private changed(): void {
    this.drawing ??= setTimeout(() => this.draw(), DRAW_EVERY);
  }

  private draw(): void {
    if (this.drawing) clearTimeout(this.drawing);
    this.drawing = null;
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}

/** Draws the component again whenever the model has changed. */
export function useModel(model: RunModel): RunModel {
  useSyncExternalStore(model.subscribe, model.getVersion);
  return model;
}
