import type { RunState } from "../journal/fold";
import { useNow } from "./clock";
import type { Page } from "./page";
import { Icon } from "./parts";
import { areOver, previewsOf } from "./previews";

type Props = { page: Page; state: RunState; name: (role: string) => string };

/** What agents serve in their sandboxes, to be opened on an origin of its own. */
export function Previews({ page, state, name }: Props) {
  const previews = previewsOf(state);
  const present = useNow(previews.length > 0, 10_000);
  if (previews.length === 0) return null;
  const over = areOver(state, present, page.previews_kept_s);
  return (
    <ul className="run-previews" aria-label="Previews">
      {previews.map((preview) => (
        <li key={preview.number}>
          <Icon name="monitor" />
          <span className="run-preview-title">
            <strong>{preview.title}</strong>
            <span className="quiet">
              {over ? "Over: its sandbox is gone" : `Served by ${name(preview.agent)}`}
            </span>
          </span>
          {!over && (
            <a
              className="btn btn-sm"
              href={`${page.urls.previews}${preview.number}/`}
              target="_blank"
              rel="noopener"
              aria-label={`Open preview: ${preview.title}`}
            >
              <Icon name="external" />
              Open preview
            </a>
          )}
        </li>
      ))}
    </ul>
  );
}
