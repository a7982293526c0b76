import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { ROLE_KINDS } from "../../graph/document";
import { Icon } from "../../graph/icons";
import { add } from "../canvas/actions";
import { useCommands, useGoToRole } from "../canvas/commands";
import { everything, type Find, findKey, findKind, matching } from "../model/finder";
import { currentPattern, useEditor } from "../store/editor";

/** Ctrl+K: every role, command and page by its name, with the keys that do the same. */
export function Finder() {
  const finding = useEditor((state) => state.finding);
  return finding ? <FinderDialog /> : null;
}

const close = () => useEditor.setState({ finding: false });

function FinderDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const document = useEditor((state) => state.document);
  const found = matching(useEverything(), typed);
  const act = useAct();
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const choose = (one: Find | undefined) => {
    if (!one) return;
    // Closed by hand first, so that the focus is back where it was before the command runs.
    dialog.current?.close();
    act(one);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length > 0) setAt((at + step + found.length) % found.length);
    else if (event.key === "Enter") choose(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same
    <dialog
      ref={dialog}
      className="dialog ed-finder"
      aria-label="Find"
      onClose={close}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
    >
      <div className="ed-finder-head">
        <Icon name="search" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls="ed-found"
          aria-activedescendant={found[at] ? `ed-found-${at}` : undefined}
          aria-label="Find a role or a command"
          placeholder="Find a role or a command"
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div id="ed-found" role="listbox" aria-label="Found" ref={list}>
        {found.map((one, n) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
          <div
            key={findKey(one)}
            id={`ed-found-${n}`}
            role="option"
            tabIndex={-1}
            aria-selected={n === at}
            onPointerMove={() => setAt(n)}
            onClick={() => choose(one)}
          >
            <Icon name={findKind(document, one) ?? (one.does === "add" ? "plus" : "link")} />
            <span>{one.title}</span>
            {one.hint &&
              (one.does === "command" ? <kbd>{one.hint}</kbd> : <small>{one.hint}</small>)}
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="quiet">Nothing is called that.</p>}
      <p className="hint">
        <kbd>Ctrl+C</kbd> and <kbd>Ctrl+V</kbd> carry roles, also to another crew. <kbd>Shift</kbd>{" "}
        and drag selects several.
      </p>
    </dialog>
  );
}

function useEverything(): Find[] {
  const document = useEditor((state) => state.document);
  const pattern = useEditor(currentPattern);
  const kinds = useEditor((state) => state.catalog.kinds);
  const mayChange = useEditor((state) => state.mayChange);
  return useMemo(() => {
    const offered = kinds.length > 0 ? kinds.map((kind) => kind.name) : ROLE_KINDS;
    return everything(document, { seats: pattern?.seats ?? [], kinds: offered, mayChange });
  }, [document, pattern, kinds, mayChange]);
}

function useAct(): (one: Find) => void {
  const commands = useCommands();
  const goToRole = useGoToRole();
  return (one) => {
    switch (one.does) {
      case "role":
        return goToRole(one.role);
      case "add":
        return add(one.kind, { seat: one.seat });
      case "command":
        return commands[one.command]();
      case "view":
        return useEditor.setState({ view: one.view });
      case "run":
        return useEditor.setState({ panel: "run" });
      case "page":
        return window.location.assign(one.href);
    }
  };
}
