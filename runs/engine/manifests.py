"""Snapshots of workspaces as they are kept, and what lies between two of them."""

import json
from dataclasses import asdict

from sandbox.api import Changes, FileChange, ManifestEntry, Snapshot


def manifest_bytes(snapshot: Snapshot) -> bytes:
    """Return a snapshot as it is kept."""
    return json.dumps(asdict(snapshot)).encode()


def read_manifest(data: bytes) -> Snapshot:
    """Return a snapshot as it was kept."""
    kept = json.loads(data)
    entries = tuple(ManifestEntry(**entry) for entry in kept["entries"])
    return Snapshot(entries=entries, skipped=tuple(tuple(item) for item in kept["skipped"]))


def compared(before: Snapshot, after: Snapshot) -> Changes:
    """Return what happened to the files between two snapshots."""
    old = {entry.path: entry for entry in before.entries if entry.kind == "file"}
    new = {entry.path: entry for entry in after.entries if entry.kind == "file"}
    found = [
        FileChange(path=path, change="modified" if path in old else "added", size=entry.size)
        for path, entry in new.items()
        if path not in old or old[path].sha256 != entry.sha256
    ]
    gone = old.keys() - new.keys()
    found += [FileChange(path=path, change="removed", size=0) for path in sorted(gone)]
    return Changes(files=tuple(found))
