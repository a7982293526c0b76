import type { Entry } from "../journal/entry";
import type { RunState } from "../journal/fold";
import { duration } from "../journal/format";
import { told } from "../journal/told";
import type { RunModel } from "./model";
import { Icon } from "./parts";

type Props = { model: RunModel; state: RunState; name: (role: string) => string };

/** Back and forth through the journal; everything on the page shows the run as it then was. */
export function Scrubber({ model, state, name }: Props) {
  const last = model.entries.length;
  const live = model.at === null;
  const place = model.at ?? last;
  const entry = model.entries[place - 1];
  return (
    <section className="run-scrubber" aria-label="Steps of the run">
      <div className="run-scrubber-row">
        <Step
          label="One entry back"
          icon="chevron-left"
          disabled={place <= 1}
          to={() => model.lookAt(place - 1)}
        />
        <input
          type="range"
          min={1}
          max={Math.max(last, 1)}
          value={Math.max(place, 1)}
          disabled={last === 0}
          aria-label="Entry of the journal"
          aria-valuetext={entry ? `Entry ${place} of ${last}: ${told(entry, state, name)}` : "none"}
          onChange={(event) => {
            const to = Number(event.target.value);
            model.lookAt(to >= last ? null : to);
          }}
        />
        <Step
          label="One entry on"
          icon="chevron-right"
          disabled={live}
          to={() => model.lookAt(place + 1 >= last ? null : place + 1)}
        />
        <button
          type="button"
          className="btn btn-sm"
          disabled={live}
          onClick={() => model.lookAt(null)}
        >
          {model.live.ended_at ? "End" : "Live"}
        </button>
      </div>
      <p className="run-scrubber-text">
        <span className="num">
          {place} of {last}
        </span>
        {entry && (
          <>
            <span className="num">{sinceStart(model, entry)}</span>
            <span className="run-scrubber-told">{told(entry, state, name)}</span>
          </>
        )}
      </p>
    </section>
  );
}

type StepProps = { label: string; icon: string; disabled: boolean; to: () => void };

function Step({ label, icon, disabled, to }: StepProps) {
  return (
    <button
      type="button"
      className="btn btn-sm btn-square btn-quiet"
      aria-label={label}
      disabled={disabled}
      onClick={to}
    >
      <Icon name={icon} />
    </button>
  );
}

function sinceStart(model: RunModel, entry: Entry): string {
  const first = model.entries[0];
  return first ? `+${duration(Date.parse(entry.at) - Date.parse(first.at))}` : "";
}
