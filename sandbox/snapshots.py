"""Keeping and restoring a workspace by content hash."""

from __future__ import annotations

import contextlib
import hashlib
import json

from sandbox.api import FetchBlob, Known, ManifestEntry, Snapshot, StoreBlob
from sandbox.errors import FileError
from sandbox.live_files import LiveFiles

LARGEST_FILE = 16 << 20
LARGEST_TOTAL = 128 << 20
_MANIFEST = 8 << 20
# Why a file is left out that somebody was just writing.
CHANGING = "it changed while it was read"


async def take(files: LiveFiles, store: StoreBlob, known: Known | None) -> Snapshot:
    """Read the manifest, hand every content that is not `known` to `store`, return the manifest.

    What changes while it is read is kept as it was read: the hash is of the bytes stored.
    """
    head = {"op": "manifest", "largest": LARGEST_FILE, "total": LARGEST_TOTAL}
    reply = await files.ask(head, ".", limit=_MANIFEST)
    entries: list[ManifestEntry] = []
    skipped: list[tuple[str, str]] = []
    for line in reply.data.splitlines():
        row = json.loads(line)
        if "skipped" in row:
            skipped.append((row["path"], row["skipped"]))
            continue
        entry = ManifestEntry(**row)
        if entry.kind == "file" and not (known and await known(entry.sha256)):
            try:
                data = await files.read(entry.path, max_bytes=LARGEST_FILE)
            except FileError as problem:
                skipped.append((entry.path, f"{CHANGING} ({problem.code})"))
                continue
            digest = hashlib.sha256(data).hexdigest()
            await store(digest, data)
            row |= {"sha256": digest, "size": len(data)}
            entry = ManifestEntry(**row)
        entries.append(entry)
    return Snapshot(entries=tuple(entries), skipped=tuple(skipped))


async def restore(files: LiveFiles, snapshot: Snapshot, fetch: FetchBlob) -> None:
    """Make an empty workspace what the snapshot says. Raises FileError, and what `fetch` raises."""
    for entry in snapshot.entries:
        if entry.kind == "directory":
            await files.make_directory(entry.path)
        elif entry.kind == "file":
            await files.write(entry.path, await fetch(entry.sha256), mode=entry.mode)
        else:
            with contextlib.suppress(FileError):
                await files.remove(entry.path)
            await files.ask({"op": "link", "path": entry.path, "target": entry.target}, entry.path)
