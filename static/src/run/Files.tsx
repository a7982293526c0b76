import { type ReactNode, useState } from "react";
import type { RunState } from "../journal/fold";
import { titleOfWorkspace } from "../workspace/commands";
import {
  type Artifact,
  bytes,
  type KeptFile,
  type Missing,
  type Workspace,
} from "../workspace/files";
import { FilePreview } from "./FilePreview";
import { Icon } from "./parts";

type Props = {
  tabs: ReactNode;
  spaces: Workspace[];
  handed: { artifacts: Artifact[]; missing: Missing[] };
  state: RunState;
  name: (role: string) => string;
  url: string;
};

/** What went along with handoffs, and what is in each sandbox as it was kept last. */
export function Files({ tabs, spaces, handed, state, name, url }: Props) {
  return (
    <section className="panel run-feed" aria-label="Files">
      <div className="panel-head">
        {tabs}
        <a className="btn btn-sm btn-quiet run-files-all" href={url}>
          All on one page
        </a>
      </div>
      <section
        className="run-feed-box"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="Files by sandbox"
      >
        {(handed.artifacts.length > 0 || handed.missing.length > 0) && (
          <>
            <h3 className="run-files-title eyebrow">Handed over</h3>
            <ul>
              {handed.artifacts.map((one) => (
                <File
                  key={`${one.action}/${one.path}`}
                  file={one}
                  about={`${name(one.from)} → ${name(one.to)}${
                    one.placed === one.path ? "" : ` as ${one.placed}`
                  }`}
                  url={url}
                />
              ))}
              {handed.missing.map((one) => (
                <li key={`${one.action}/${one.pattern}`} className="run-file-missing">
                  <Icon name="warning" />
                  <span>
                    No file of {name(one.from)} fits <span className="run-path">{one.pattern}</span>
                    , which {name(one.to)} was to get.
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
        {spaces.map((space) => (
          <Space
            key={space.name}
            space={space}
            title={titleOfWorkspace(state, space.name, name)}
            name={name}
            url={url}
          />
        ))}
      </section>
    </section>
  );
}

const SHOWN = 100;

type SpaceProps = {
  space: Workspace;
  title: string;
  name: (role: string) => string;
  url: string;
};

function Space({ space, title, name, url }: SpaceProps) {
  const [all, setAll] = useState(false);
  const files = all ? space.files : space.files.slice(0, SHOWN);
  return (
    <>
      <h3 className="run-files-title eyebrow">{title}</h3>
      {space.files.length === 0 && <p className="run-files-note quiet">No files.</p>}
      <ul>
        {files.map((file) => (
          <File
            key={file.path}
            file={file}
            about={`${file.came ? "from" : "by"} ${name(file.by)}`}
            url={url}
          />
        ))}
        {space.left.map(([path, reason]) => (
          <li key={path} className="run-file-missing">
            <Icon name="info" />
            <span>
              <span className="run-path">{path}</span> is not kept: {reason}
            </span>
          </li>
        ))}
      </ul>
      {files.length < space.files.length && (
        <button type="button" className="btn btn-sm run-files-note" onClick={() => setAll(true)}>
          Show all {space.files.length}
        </button>
      )}
      {space.more && (
        <p className="run-files-note quiet">
          There are more than the journal lists; <a href={url}>the page of all files</a> has them.
        </p>
      )}
    </>
  );
}

function File({ file, about, url }: { file: KeptFile; about: string; url: string }) {
  const [open, setOpen] = useState(false);
  const address = `${url}${file.sha256}/`;
  const kept = file.sha256 !== "";
  return (
    <li className="run-file">
      <div className="run-file-head">
        <button
          type="button"
          className="run-file-name"
          aria-expanded={open}
          disabled={!kept}
          onClick={() => setOpen(!open)}
        >
          <Icon name="file" />
          <span className="run-path">{file.path}</span>
        </button>
        <span className="run-file-about quiet">{about}</span>
        <span className="run-file-size quiet num">{bytes(file.size)}</span>
        {kept && (
          <a
            className="btn btn-sm btn-square btn-quiet"
            href={`${address}?name=${encodeURIComponent(file.path)}`}
            download
            aria-label={`Save ${file.path}`}
          >
            <Icon name="download" />
          </a>
        )}
      </div>
      {open && <FilePreview address={address} path={file.path} />}
    </li>
  );
}
