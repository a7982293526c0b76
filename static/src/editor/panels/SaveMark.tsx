import { useEffect, useState } from "react";
import { Icon, type IconName } from "../../graph/icons";
import type { SaveStatus } from "../store/saver";
import { saveNow, useSession } from "../store/session";

type Told = { word: string; icon: IconName; status?: string; more?: string };

/** Whether the draft is saved, always in words. */
export function SaveMark() {
  const save = useSession((state) => state.save);
  const told = tell(save, useNow(save.kind === "saved"));
  return (
    <span className="ed-save" data-status={told.status} title={told.more}>
      <span role="status" className="ed-save-word">
        <Icon name={told.icon} size={14} />
        {told.word}
      </span>
      {(save.kind === "offline" || save.kind === "refused") && (
        <button type="button" className="btn btn-quiet btn-sm" onClick={() => void saveNow()}>
          Try again
        </button>
      )}
    </span>
  );
}

function tell(save: SaveStatus, now: number): Told {
  switch (save.kind) {
    case "saved": {
      if (save.at === null) return { word: "Saved", icon: "check" };
      return {
        word: `Saved ${ago(now - save.at)}`,
        icon: "check",
        more: new Date(save.at).toLocaleString(),
      };
    }
    case "waiting":
    case "saving":
      return { word: "Saving…", icon: "clock" };
    case "offline":
      return {
        word: "Offline: not saved yet",
        icon: "offline",
        status: "waiting",
        more: save.message,
      };
    case "refused":
      return { word: `Not saved. ${save.message}`, icon: "error", status: "failed" };
    case "stale":
      return { word: "Not saved: changed by someone else", icon: "warning", status: "waiting" };
  }
}

function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "just now";
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}

/** The time, looked at twice a minute while it is shown. */
function useNow(on: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!on) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, [on]);
  return now;
}
