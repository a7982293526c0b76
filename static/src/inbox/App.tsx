import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { wordOf } from "../decide/ask";
import { Icon } from "../run/parts";
import { Detail } from "./Detail";
import { decider, fetchItems, fetchMark, Gone, type InboxPage, type Item, itemOf } from "./inbox";
import { useKeys } from "./keys";
import { Row } from "./Row";
import { useWide } from "./wide";

const EVERY_MS = 4_000;

/** The open questions of a team, those for you first; one is open beside (or below) its row. */
export function App({ page }: { page: InboxPage }) {
  const [items, refresh] = useItems(page);
  const [chosen, setChosen] = useState<string | null>(() => wanted());
  const [armed, setArmed] = useState<string | null>(null);
  const wide = useWide();
  const shown = items.find(({ ask }) => ask.id === chosen) ?? (wide ? items[0] : undefined);
  const choose = useCallback((id: string | null) => {
    setChosen(id);
    setArmed(null);
  }, []);
  const decided = useCallback(
    async (item: Item, choice: string) => {
      toast(`${wordOf(choice)}: the run goes on with it.`);
      const place = items.indexOf(item);
      const rest = await refresh();
      choose(rest[Math.min(place, rest.length - 1)]?.ask.id ?? null);
    },
    [items, refresh, choose],
  );
  useKeys({ items, shown, chosen, choose, arm: setArmed, mayDecide: page.may_decide });

  const missing = chosen !== null && items.every(({ ask }) => ask.id !== chosen);
  const detail = shown && (
    <Detail
      key={shown.ask.id}
      item={shown}
      armed={armed}
      decide={
        page.may_decide
          ? async (action, decision) => {
              try {
                await decider(shown.run, page.csrf)(action, decision);
              } catch (error) {
                if (error instanceof Gone) void refresh();
                throw error;
              }
              await decided(shown, decision.choice);
            }
          : null
      }
    />
  );
  return (
    <div className="inbox">
      {missing && <Settled run={new URLSearchParams(location.search).get("run")} />}
      {items.length === 0 ? (
        <Empty />
      ) : (
        <div className="inbox-panes">
          <div className="inbox-list">
            <Group
              title="For you"
              items={items.filter(({ mine }) => mine)}
              shown={shown}
              choose={choose}
              below={wide ? null : detail}
            />
            <Group
              title="For others in the team"
              items={items.filter(({ mine }) => !mine)}
              shown={shown}
              choose={choose}
              below={wide ? null : detail}
            />
            {page.may_decide && <Keys />}
          </div>
          {wide && <div className="inbox-detail panel">{detail}</div>}
        </div>
      )}
    </div>
  );
}

type GroupProps = {
  title: string;
  items: Item[];
  shown: Item | undefined;
  choose: (id: string | null) => void;
  below: React.ReactNode;
};

function Group({ title, items, shown, choose, below }: GroupProps) {
  if (items.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 className="eyebrow">
        {title} <span className="num">{items.length}</span>
      </h2>
      <ul className="panel">
        {items.map((item) => {
          const open = item.ask.id === shown?.ask.id;
          return (
            <li key={item.ask.id}>
              <Row
                item={item}
                open={open}
                onOpen={() => choose(open && below ? null : item.ask.id)}
              />
              {open && below}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Keys() {
  return (
    <p className="inbox-keys">
      <span>
        <kbd>j</kbd> <kbd>k</kbd> next, previous
      </span>
      <span>
        <kbd>Enter</kbd> open
      </span>
      <span>
        <kbd>a</kbd> approve
      </span>
      <span>
        <kbd>e</kbd> edit
      </span>
      <span>
        <kbd>r</kbd> reject with a reason
      </span>
      <span>
        <kbd>Ctrl Enter</kbd> send
      </span>
    </p>
  );
}

function Empty() {
  return (
    <div className="empty">
      <Icon name="done" />
      <h2>Nobody waits for a person</h2>
      <p>
        Questions come here when a crew reaches a limit, is in doubt, wants to call a tool that you
        approve, or asks. A number in the header says so.
      </p>
    </div>
  );
}

/** Said to whoever follows a link to a question that is settled by now. */
function Settled({ run }: { run: string | null }) {
  return (
    <div className="notice" data-status="done" role="status">
      <Icon name="done" />
      <div>
        <strong>That question is settled.</strong>
        <p>Somebody has decided, its time was over, or the run has ended.</p>
      </div>
      {run && (
        <a className="btn btn-sm" href={`/runs/${encodeURIComponent(run)}/`}>
          See the run
        </a>
      )}
    </div>
  );
}

/** The questions, asked for again every few seconds while somebody looks. */
function useItems(page: InboxPage): [Item[], () => Promise<Item[]>] {
  const first = useMemo(() => page.approvals.map(itemOf), [page]);
  const [items, setItems] = useState(first);
  const last = useRef("");
  const mark = useRef("");
  const refresh = useCallback(async () => {
    const now = await fetchItems();
    const text = JSON.stringify(now);
    // What is being written in a form must not be drawn anew for nothing.
    if (text !== last.current) {
      last.current = text;
      setItems(now);
      document.dispatchEvent(new CustomEvent("callsheet:inbox", { detail: now.length }));
    }
    return now;
  }, []);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState !== "visible") return;
      // A server that is away is asked again next time.
      changed(mark)
        .then(async (now) => {
          if (now) await refresh();
        })
        .catch(() => undefined);
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [refresh]);
  return [items, refresh];
}

/** Whether other questions are open than when this was last asked; that is a small answer. */
async function changed(mark: { current: string }): Promise<boolean> {
  const now = await fetchMark();
  const other = now !== mark.current;
  mark.current = now;
  return other;
}

/** The question that the address names. */
function wanted(): string | null {
  return new URLSearchParams(location.search).get("question");
}

function toast(text: string): void {
  document.dispatchEvent(new CustomEvent("callsheet:toast", { detail: { text, level: "done" } }));
}
