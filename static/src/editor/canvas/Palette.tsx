import type { PatternInfo } from "../../api/catalog";
import { KIND_WORDS, ROLE_KINDS, type RoleKind } from "../../graph/document";
import { Icon, type IconName } from "../../graph/icons";
import { hasRoom, type Seat } from "../../graph/seats";
import { Roving } from "../panels/Roving";
import { currentPattern, useEditor } from "../store/editor";
import { add } from "./actions";
import { startDrag } from "./dragging";

/** What can be put on the canvas: by dragging, or by pressing. */
export function Palette() {
  const pattern = useEditor(currentPattern);
  const kinds = useEditor((state) => state.catalog.kinds);
  const offered = kinds.length > 0 ? kinds.map((kind) => kind.name) : [...ROLE_KINDS];
  return (
    <Roving label="Add a role" orientation="vertical" className="ed-palette">
      {pattern && <Seats pattern={pattern} />}
      <h2 className="eyebrow">Roles</h2>
      <div className="ed-palette-items">
        {offered.map((kind) => (
          <Item key={kind} kind={kind} seat={null} icon={kind} {...KIND_WORDS[kind]} />
        ))}
      </div>
      <p className="hint ed-palette-hint">Drag onto the canvas, or press to add.</p>
    </Roving>
  );
}

function Seats({ pattern }: { pattern: PatternInfo }) {
  const document = useEditor((state) => state.document);
  const count = (seat: string) =>
    Object.values(document.roles).filter((role) => role.seat === seat).length;
  return (
    <>
      <h2 className="eyebrow">{pattern.title} seats</h2>
      <div className="ed-palette-items">
        {pattern.seats.map((seat) => (
          <Item
            key={seat.name}
            kind="model"
            seat={seat.name}
            icon="plus"
            title={seat.title || seat.name}
            hint={seat.description || `A role in the seat ${seat.name}`}
            count={taken(count(seat.name), seat)}
            full={!hasRoom(document, seat)}
          />
        ))}
      </div>
    </>
  );
}

/** How far a seat is filled, in a word. */
function taken(count: number, seat: Seat): string {
  if (count < seat.min) return `needs ${seat.min - count}`;
  if (seat.max !== null && count >= seat.max) return "full";
  return count === 0 ? "optional" : String(count);
}

type ItemProps = {
  kind: RoleKind;
  seat: string | null;
  icon: IconName;
  title: string;
  hint: string;
  count?: string;
  full?: boolean;
};

function Item({ kind, seat, icon, title, hint, count, full = false }: ItemProps) {
  const mayChange = useEditor((state) => state.mayChange);
  return (
    <button
      type="button"
      className="ed-palette-item"
      draggable={mayChange && !full}
      disabled={!mayChange || full}
      title={full ? `${hint}. This seat is full.` : hint}
      onDragStart={(event) => startDrag(event.dataTransfer, { kind, seat })}
      onClick={() => add(kind, { seat })}
    >
      <Icon name={icon} />
      <span>{title}</span>
      {count && <small className="num">{count}</small>}
    </button>
  );
}
