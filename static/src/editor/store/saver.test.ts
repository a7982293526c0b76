import { expect, test } from "vitest";
import { type Saved, StaleSave } from "../../api/crews";
import { ApiError, Unreachable } from "../../api/http";
import type { CrewDocument } from "../../graph/document";
import { type Outside, Saver } from "./saver";

function crew(name: string): CrewDocument {
  return { callsheet: 1, name, pattern: { name: "review" }, roles: {} };
}

/** A server that keeps revisions as the real one does, and a clock that is turned by hand. */
class World implements Outside {
  revision = 1;
  stored: string[] = [];
  away = false;
  timers = new Map<number, () => void>();
  checks: string[] = [];
  hold: Promise<void> | null = null;
  private next = 0;

  async save(draft: { revision: number; document: CrewDocument }): Promise<Saved> {
    if (this.hold) await this.hold;
    if (this.away) throw new Unreachable();
    if (draft.document.name === "refused") throw new ApiError(413, "Too large.", [], null);
    if (draft.revision !== this.revision) {
      throw new StaleSave("stale", {
        revision: this.revision,
        document: { name: "theirs" },
        saved_by: "Ada",
        saved_at: "2026-01-01T00:00:00Z",
      });
    }
    this.stored.push(draft.document.name);
    this.revision += 1;
    return { revision: this.revision, problems: [] };
  }

  later(action: () => void): () => void {
    const id = this.next++;
    this.timers.set(id, action);
    return () => this.timers.delete(id);
  }

  now(): number {
    return 1000;
  }

  changed(): void {}

  checked(document: CrewDocument): void {
    this.checks.push(document.name);
  }

  /** Let every timer that is set go off, and what it starts come to its end. */
  async tick(): Promise<void> {
    const due = [...this.timers.values()];
    this.timers.clear();
    for (const action of due) action();
    for (let n = 0; n < 20; n++) await Promise.resolve();
  }
}

function begin(world: World): Saver {
  return new Saver({ revision: 1, document: crew("start") }, world);
}

test("a burst of edits is one save of the last", async () => {
  const world = new World();
  const saver = begin(world);
  for (const name of ["a", "ab", "abc"]) saver.edited(crew(name));
  expect(saver.status.kind).toBe("waiting");
  await world.tick();
  expect(world.stored).toEqual(["abc"]);
  expect(world.checks).toEqual(["abc"]);
  expect(saver.status).toEqual({ kind: "saved", at: 1000 });
});

test("an edit during a save is saved after it, on the new revision", async () => {
  const world = new World();
  const saver = begin(world);
  let release = () => {};
  world.hold = new Promise((resolve) => {
    release = resolve;
  });
  saver.edited(crew("first"));
  await world.tick();
  saver.edited(crew("second"));
  await world.tick();
  world.hold = null;
  release();
  await world.tick();
  await world.tick();
  expect(world.stored).toEqual(["first", "second"]);
  expect(saver.unsaved).toBe(false);
});

test("undoing back to what is stored needs no save", async () => {
  const world = new World();
  const start = crew("start");
  const saver = new Saver({ revision: 1, document: start }, world);
  saver.edited(crew("other"));
  saver.edited(start);
  expect(saver.status.kind).toBe("saved");
  await world.tick();
  expect(world.stored).toEqual([]);
});

test("offline keeps trying by itself until the server is back", async () => {
  const world = new World();
  const saver = begin(world);
  world.away = true;
  saver.edited(crew("kept"));
  await world.tick();
  expect(saver.status.kind).toBe("offline");
  expect(saver.unsaved).toBe(true);
  await world.tick();
  world.away = false;
  await world.tick();
  expect(world.stored).toEqual(["kept"]);
});

test("a stale save writes nothing and waits for a decision", async () => {
  const world = new World();
  const saver = begin(world);
  world.revision = 5;
  saver.edited(crew("mine"));
  await world.tick();
  expect(saver.status).toMatchObject({ kind: "stale", theirs: { revision: 5, saved_by: "Ada" } });
  saver.edited(crew("mine, further"));
  await world.tick();
  expect(await saver.flush()).toBe(false);
  expect(world.stored).toEqual([]);
  expect(await saver.keepMine()).toBe(true);
  expect(world.stored).toEqual(["mine, further"]);
});

test("after taking theirs the next edit is saved over theirs", async () => {
  const world = new World();
  const saver = begin(world);
  world.revision = 5;
  saver.edited(crew("mine"));
  await world.tick();
  const theirs = crew("theirs");
  saver.adopted(theirs, 5);
  saver.edited(theirs);
  expect(saver.unsaved).toBe(false);
  saver.edited(crew("on top"));
  await world.tick();
  expect(world.stored).toEqual(["on top"]);
});

test("a refused document is told, and the next edit is tried again", async () => {
  const world = new World();
  const saver = begin(world);
  saver.edited(crew("refused"));
  await world.tick();
  expect(saver.status).toMatchObject({ kind: "refused", message: "Too large." });
  saver.edited(crew("smaller"));
  await world.tick();
  expect(world.stored).toEqual(["smaller"]);
});

test("flush saves at once and waits for a save under way", async () => {
  const world = new World();
  const saver = begin(world);
  saver.edited(crew("now"));
  expect(await saver.flush()).toBe(true);
  expect(world.stored).toEqual(["now"]);
  expect(await saver.flush()).toBe(true);
  expect(world.stored).toEqual(["now"]);
});
