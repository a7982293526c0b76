"""The files of a run: what its sandboxes hold, as kept last, and what went along with handoffs.

The journal names them with their hashes; the contents are kept beside it, and may be forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from crews.spec import CrewSpec
from runs.engine.manifests import read_manifest
from runs.engine.nesting import with_roles_inside
from runs.engine.workspace import needs_sandbox, workspace_name, workspace_told
from runs.journal.fold import FINAL, ActionState, RunState
from runs.models import Blob, Entry, Run

Json = Any
log = structlog.get_logger(__name__)
IMAGES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
SHOWN_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A sandbox's files as they were kept last. `roles` work in it; `files` have `path`, `size`
    and `sha256`; `not_kept` has the path and the reason of what was left out."""

    name: str
    roles: list[str]
    version: int
    at: str
    files: list[dict[str, Json]]
    not_kept: list[list[str]]


def artifacts_of(state: RunState) -> list[dict[str, Json]]:
    """Return the files that went along with handoffs, in order: `{action, from, to, at, path,
    placed, size, sha256}`."""
    found = []
    for action in state.actions.values():
        if action.type != "handoff" or not isinstance(action.output, dict):
            continue
        ends = action.input if isinstance(action.input, dict) else {}
        where = {
            "action": action.id,
            "from": ends.get("from", ""),
            "to": ends.get("to", ""),
            "at": action.ended_at,
        }
        found += [
            where | {"placed": file["path"]} | file for file in action.output.get("artifacts", ())
        ]
    return found


def workspaces_of(run: Run, state: RunState) -> list[Workspace]:
    """Return the workspaces of a run, by name."""
    last: dict[str, tuple[int, str, ActionState]] = {}
    for action in state.actions.values():
        if told := workspace_told(action):
            mark = (told.get("version", 0), action.ended_at or "", action)
            if told["name"] not in last or mark[:2] > last[told["name"]][:2]:
                last[told["name"]] = mark
    wanted = {mark[2].output["workspace"]["snapshot"] for mark in last.values()}
    blobs = Blob.objects.filter(run=run, sha256__in=wanted)
    manifests = {blob.sha256: bytes(blob.data) for blob in blobs}
    sharing = roles_by_workspace(state)
    return [
        _workspace(name, version, at, action.output["workspace"], manifests, sharing)
        for name, (version, at, action) in sorted(last.items())
    ]


def _workspace(
    name: str,
    version: int,
    at: str,
    told: dict[str, Json],
    manifests: Mapping[str, bytes],
    sharing: Mapping[str, list[str]],
) -> Workspace:
    manifest = manifests.get(told["snapshot"])
    entries = read_manifest(manifest).entries if manifest else ()
    files = [
        {"path": entry.path, "size": entry.size, "sha256": entry.sha256}
        for entry in entries
        if entry.kind == "file"
    ]
    return Workspace(
        name=name,
        roles=sharing.get(name, []),
        version=version,
        at=at,
        files=files,
        not_kept=told.get("not_kept", []),
    )


def roles_by_workspace(state: RunState) -> dict[str, list[str]]:
    """Return which roles work in each workspace of a run."""
    started = state.started or {}
    if not started.get("document"):
        return {}
    spec = CrewSpec.model_validate(started["document"])
    everyone = with_roles_inside(spec, started.get("crews") or {})
    found: dict[str, list[str]] = {}
    for name, role in everyone.roles.items():
        if needs_sandbox(role):
            found.setdefault(workspace_name(name, role), []).append(name)
    return found


def file_read(run: Run, sha256: str) -> bytes | None:
    """Return a kept file's content; None where there is none of this hash, or no more. Payloads
    of the journal are no files."""
    payload = Entry.objects.filter(run=run, blob=sha256)
    blob = Blob.objects.filter(run=run, sha256=sha256).exclude(Exists(payload)).first()
    return None if blob is None else bytes(blob.data)


def files_forget(*, run: Run | None = None, older_than: timedelta) -> tuple[int, int]:
    """Forget the contents of files of runs that ended so long ago; the journal goes on naming
    them. Returns how many contents of how many runs."""
    runs = Run.objects.filter(status__in=FINAL, ended_at__lt=timezone.now() - older_than)
    if run is not None:
        runs = runs.filter(pk=run.pk)
    payload = Entry.objects.filter(run=OuterRef("run"), blob=OuterRef("sha256"))
    contents = Blob.objects.filter(run__in=runs).exclude(Exists(payload))
    touched = [str(pk) for pk in contents.values_list("run", flat=True).distinct()]
    forgotten = contents.delete()[0]
    if forgotten:
        log.info("files_forgotten", contents=forgotten, runs=touched)
    return forgotten, len(touched)


def files_forget_old() -> None:
    """Forget what is kept longer than `CALLSHEET_FILES_DAYS` says; a chore of every worker."""
    if settings.FILES_DAYS:
        files_forget(older_than=timedelta(days=settings.FILES_DAYS))


def image_type(data: bytes) -> str | None:
    """Return the media type of a picture that a browser may draw, by its first bytes; never of
    one that can carry scripts."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in IMAGES.items() if data.startswith(start)), None)


def text_of(data: bytes) -> tuple[str, bool] | None:
    """Return the beginning of a text, and whether it is the whole; None where it is no text."""
    shown = data[:SHOWN_BYTES]
    try:
        text = shown.decode()
    except UnicodeDecodeError as error:
        # A character that the cut went through is no fault.
        if len(data) <= SHOWN_BYTES or error.start < len(shown) - 3:
            return None
        text = shown[: error.start].decode()
    return None if "\0" in text else (text, len(data) <= SHOWN_BYTES)
