"""Files that go along with a handoff: from the source role's workspace into the target's, kept in
the run by content hash."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crews.globs import glob_matches
from crews.spec import Handoff
from runs.engine.recorder import Act, Outcome, Scope
from runs.errors import ActionError
from sandbox.api import ManifestEntry, Snapshot
from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from runs.engine.crew import CrewAtWork

Json = Any
LARGEST_TOTAL = 64 << 20
MOST_FILES = 500
_MIB = 1 << 20


async def move(crew: "CrewAtWork", scope: Scope, contract: Handoff) -> dict[str, Json]:
    """Move what a contract's `artifacts` name, as one action, and return what moved:
    `{"artifacts": [{"path", "size", "sha256", "placed"?}], "missing": [patterns]}`. `placed` is
    where a file lies whose own path was taken by another one.

    Raises ActionError where a file cannot be moved.
    """
    source, target = crew.agent(contract.from_), crew.agent(contract.to)
    act = Act(
        type="state_write",
        name="files",
        agent=source,
        input={"from": source, "to": target, "files": list(contract.artifacts)},
    )

    async def effect(_: str) -> Outcome:
        try:
            return Outcome(output=await _moved(crew, contract, source, target))
        except SandboxError as error:
            raise _refused(contract, f"{error}") from None

    output = await crew.recorder.leaf(scope, "files", act, effect)
    moved = {"artifacts": output["artifacts"]}
    return moved | {"missing": output["missing"]} if output["missing"] else moved


def names(done: dict[str, Json]) -> tuple[str, ...]:
    """Return where the files of a handoff lie now, by its output."""
    return tuple(file.get("placed", file["path"]) for file in done.get("artifacts", ()))


async def _moved(crew: "CrewAtWork", contract: Handoff, source: str, target: str) -> Json:
    spaces = crew.workspaces
    files: dict[str, ManifestEntry] = {}
    for role in spaces.of_role(source):
        if spaces.used(role):
            files |= _matching(contract, await spaces.kept(role))
    _check(contract, list(files.values()))
    told = {path: {"path": path, "size": f.size, "sha256": f.sha256} for path, f in files.items()}
    kept: dict[str, Json] = {}
    for role in spaces.of_role(target) if files else ():
        if any(spaces.name(role) == spaces.name(other) for other in spaces.of_role(source)):
            continue  # They share it: the files are there already.
        brought = _brought(crew, source, target)
        placed = _placed(source, brought, files, await spaces.kept(role))
        kept = await spaces.put(role, list(placed.values()))
        for path, file in placed.items():
            if file.path != path:
                told[path]["placed"] = file.path
    missing = [
        pattern
        for pattern in contract.artifacts
        if not any(glob_matches(pattern, path) for path in files)
    ]
    return {"artifacts": list(told.values()), "missing": missing} | kept


def _matching(contract: Handoff, kept: Snapshot) -> dict[str, ManifestEntry]:
    for path, reason in kept.skipped:
        if any(glob_matches(pattern, path) for pattern in contract.artifacts):
            raise _refused(contract, f"'{path}' could not be kept: {reason}")
    return {
        entry.path: entry
        for entry in sorted(kept.entries, key=lambda entry: entry.path)
        if entry.kind == "file"
        and any(glob_matches(pattern, entry.path) for pattern in contract.artifacts)
    }


def _check(contract: Handoff, files: Sequence[ManifestEntry]) -> None:
    if len(files) > MOST_FILES:
        raise _refused(contract, f"{len(files)} files match, and at most {MOST_FILES} may")
    total = sum(file.size for file in files)
    if total > LARGEST_TOTAL:
        largest = max(files, key=lambda file: file.size)
        raise _refused(
            contract,
            f"the files have {total / _MIB:.0f} MiB together (the largest is '{largest.path}'),"
            f" and at most {LARGEST_TOTAL // _MIB} MiB may",
        )


def _placed(
    source: str,
    brought: dict[str, set[str]],
    files: dict[str, ManifestEntry],
    there: Snapshot,
) -> dict[str, ManifestEntry]:
    """Return where each file goes in a workspace: its own path, or a folder named after its
    source where another file has that path. What the same source brought before is replaced."""
    present = {entry.path: entry.sha256 for entry in there.entries}
    folder = "from-" + re.sub(r"[^a-z0-9_-]", "-", source)
    placed = {}
    for path, file in files.items():
        own = path not in present or present[path] == file.sha256
        own = own or present[path] in brought.get(path, ())
        placed[path] = file if own else replace(file, path=f"{folder}/{path}")
    return placed


def _brought(crew: "CrewAtWork", source: str, target: str) -> dict[str, set[str]]:
    """Return the contents that a source has brought to a target under each path so far."""
    found: dict[str, set[str]] = {}
    for action in crew.recorder.state.actions.values():
        if action.type != "state_write" or action.name != "files" or not action.output:
            continue
        asked = action.input or {}
        if (asked.get("from"), asked.get("to")) == (source, target):
            for file in action.output.get("artifacts", ()):
                found.setdefault(file["path"], set()).add(file["sha256"])
    return found


def _refused(contract: Handoff, why: str) -> ActionError:
    patterns = ", ".join(contract.artifacts)
    message = (
        f"The files of '{contract.from_}' for '{contract.to}' ({patterns}) were not handed over:"
        f" {why}. Hand over fewer or smaller files, or change the handoff's artifacts."
    )
    return ActionError({"kind": "artifacts_refused", "role": contract.from_, "message": message})
