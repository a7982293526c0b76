import { useEffect, useState } from "react";
import { isPicture } from "../workspace/files";
import { Text } from "./Detail";

type Look = { text: string; cut: boolean } | { problem: string };

/** The beginning of a text, or a picture; the server says of neither more than what it is. */
export function FilePreview({ address, path }: { address: string; path: string }) {
  const [failed, setFailed] = useState(false);
  if (!isPicture(path)) return <TextPreview address={address} />;
  if (failed) return <p className="run-file-note quiet">This picture cannot be shown.</p>;
  return (
    <img
      className="run-file-picture"
      src={`${address}?show=1`}
      alt={path}
      onError={() => setFailed(true)}
    />
  );
}

function TextPreview({ address }: { address: string }) {
  const look = useText(address);
  if (!look) return <p className="run-file-note quiet">Fetching…</p>;
  if ("problem" in look) return <p className="run-file-note quiet">{look.problem}</p>;
  return (
    <>
      <Text text={look.text || "(empty)"} />
      {look.cut && (
        <p className="run-file-note quiet">This is the beginning; save it to see all.</p>
      )}
    </>
  );
}

function useText(address: string): Look | null {
  const [look, setLook] = useState<Look | null>(null);
  useEffect(() => {
    let gone = false;
    const tell = (found: Look) => !gone && setLook(found);
    fetch(`${address}?show=1`)
      .then(async (response) => {
        if (response.ok && response.headers.get("Content-Type")?.startsWith("text/")) {
          const cut = response.headers.has("Callsheet-Whole-Size");
          tell({ text: await response.text(), cut });
        } else tell({ problem: PROBLEMS[response.status] ?? PROBLEMS[415] ?? "" });
      })
      .catch(() => tell({ problem: "The server did not answer. Open it again." }));
    return () => {
      gone = true;
    };
  }, [address]);
  return look;
}

const PROBLEMS: { [status: number]: string } = {
  404: "The contents of this file are not kept any more.",
  415: "This is no text; save it to look at it.",
};
