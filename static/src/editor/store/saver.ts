/**
 * Saves the draft by itself, a moment after the last edit, one save at a time.
 *
 * A save names the revision that it was made from. When somebody else saved since, nothing is
 * written: the saver stops as `stale` until the user has decided (`keepMine`, `adopted`).
 */

import { type Saved, StaleSave, type Theirs } from "../../api/crews";
import { ApiError, Unreachable } from "../../api/http";
import type { CrewDocument } from "../../graph/document";
import type { Problem } from "../../graph/problems";

export type SaveStatus =
  | { kind: "saved"; at: number | null }
  | { kind: "waiting" }
  | { kind: "saving" }
  | { kind: "offline"; message: string }
  | { kind: "refused"; message: string; problems: Problem[] }
  | { kind: "stale"; theirs: Theirs };

/** What the saver needs from outside; the tests give it another clock and server. */
export type Outside = {
  save(draft: { revision: number; document: CrewDocument }): Promise<Saved>;
  later(action: () => void, ms: number): () => void;
  now(): number;
  changed(status: SaveStatus): void;
  /** The server has the document and found this in it. */
  checked(document: CrewDocument, problems: Problem[]): void;
};

const AFTER_EDIT_MS = 700;
const AGAIN_MS = 3000;

export class Saver {
  status: SaveStatus = { kind: "saved", at: null };
  revision: number;
  private stored: CrewDocument;
  private current: CrewDocument;
  private cancel: (() => void) | null = null;
  private running: Promise<void> | null = null;
  private readonly outside: Outside;

  constructor(start: { revision: number; document: CrewDocument }, outside: Outside) {
    this.revision = start.revision;
    this.stored = start.document;
    this.current = start.document;
    this.outside = outside;
  }

  /** Whether the server lacks something that is here. */
  get unsaved(): boolean {
    return this.current !== this.stored;
  }

  /** Tell the saver what the document is now. */
  edited(document: CrewDocument): void {
    this.current = document;
    if (this.status.kind === "stale") return;
    if (!this.unsaved) {
      if (this.running === null) this.settle({ kind: "saved", at: null });
      return;
    }
    if (this.status.kind !== "saving" && this.status.kind !== "offline") {
      this.settle({ kind: "waiting" });
    }
    if (this.status.kind !== "offline") this.schedule(AFTER_EDIT_MS);
  }

  /** Save now; resolves when what is here now is stored, or the status says why it is not. */
  async flush(): Promise<boolean> {
    this.cancel?.();
    if (this.running) await this.running;
    if (this.unsaved && this.status.kind !== "stale") await this.send();
    return !this.unsaved;
  }

  /** After `stale`: save what is here over theirs. */
  async keepMine(): Promise<boolean> {
    if (this.status.kind === "stale") {
      this.revision = this.status.theirs.revision;
      this.settle({ kind: "waiting" });
      await this.send();
    }
    return !this.unsaved;
  }

  /** After `stale`: theirs is what the user now sees. */
  adopted(document: CrewDocument, revision: number): void {
    this.cancel?.();
    this.revision = revision;
    this.stored = document;
    this.current = document;
    this.settle({ kind: "saved", at: this.outside.now() });
  }

  private schedule(ms: number): void {
    this.cancel?.();
    this.cancel = this.outside.later(() => {
      this.cancel = null;
      if (this.running === null && this.unsaved) void this.send();
    }, ms);
  }

  private send(): Promise<void> {
    const document = this.current;
    this.running = this.attempt(document).finally(() => {
      this.running = null;
      if (this.current !== document) this.edited(this.current);
    });
    return this.running;
  }

  private async attempt(document: CrewDocument): Promise<void> {
    this.settle({ kind: "saving" });
    try {
      const { revision, problems } = await this.outside.save({ revision: this.revision, document });
      this.revision = revision;
      this.stored = document;
      this.settle({ kind: "saved", at: this.outside.now() });
      this.outside.checked(document, problems);
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    if (error instanceof StaleSave) {
      this.settle({ kind: "stale", theirs: error.theirs });
    } else if (error instanceof Unreachable) {
      this.settle({ kind: "offline", message: error.message });
      this.schedule(AGAIN_MS);
    } else if (error instanceof ApiError) {
      this.settle({ kind: "refused", message: error.message, problems: error.problems });
    } else {
      throw error;
    }
  }

  private settle(status: SaveStatus): void {
    this.status = status;
    this.outside.changed(status);
  }
}
