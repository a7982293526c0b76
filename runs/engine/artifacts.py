"""Files that go along with a handoff: from the source role's workspace into the target's, kept in
the run by content hash."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
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
DELIVERED = "deliver files"
PLAIN = 0o644
LARGEST_TOTAL = 64 << 20
MOST_FILES = 500
_MIB = 1 << 20


async def move(crew: "CrewAtWork", scope: Scope, contract: Handoff) -> dict[str, Json]:
    """Move what a contract's `artifacts` name and return what moved: `{"artifacts": [{"path",
    "size", "sha256", "placed"?}], "missing": [patterns]}`. `placed` is where a file lies whose own
    path was taken by another one.

    Raises ActionError where a file cannot be moved.
    """
    taken = await _collect(crew, scope, contract)
    told = {file["path"]: file for file in taken["artifacts"]}
    if told:
        for role in _receivers(crew, contract):
            for path, placed in (await _deliver(crew, scope, contract, role, taken)).items():
                told[path] = {**told[path], "placed": placed}
    moved = {"artifacts": list(told.values())}
    return moved | {"missing": taken["missing"]} if taken["missing"] else moved


def names(done: dict[str, Json]) -> tuple[str, ...]:
    """Return where the files of a handoff lie now, by its output."""
    return tuple(file.get("placed", file["path"]) for file in done.get("artifacts", ()))


async def _collect(crew: "CrewAtWork", scope: Scope, contract: Handoff) -> dict[str, Json]:
    """Keep the source's files that the contract names, as an action."""
    source = crew.agent(contract.from_)
    act = Act(
        type="state_write",
        name="collect files",
        agent=source,
        input={"to": crew.agent(contract.to), "files": list(contract.artifacts)},
    )

    async def effect(_: str) -> Outcome:
        files: dict[str, ManifestEntry] = {}
        for role in crew.workspaces.of_role(source):
            if crew.workspaces.used(role):
                files |= _matching(contract, await crew.workspaces.kept(role))
        _check(contract, list(files.values()))
        missing = [
            pattern
            for pattern in contract.artifacts
            if not any(glob_matches(pattern, path) for path in files)
        ]
        told = [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in files.values()]
        modes = {f.path: f.mode for f in files.values() if f.mode != PLAIN}
        return Outcome(output={"artifacts": told, "missing": missing, "modes": modes})

    return dict(await crew.recorder.leaf(scope, "collect", act, _telling(contract, effect)))


async def _deliver(
    crew: "CrewAtWork", scope: Scope, contract: Handoff, role: str, taken: dict[str, Json]
) -> dict[str, str]:
    """Put collected files into a role's workspace, as an action; returns where those lie whose own
    path was taken."""
    source = crew.agent(contract.from_)
    act = Act(
        type="state_write",
        name=DELIVERED,
        agent=role,
        input={"from": source, "files": taken["artifacts"]},
    )
    files = {
        file["path"]: ManifestEntry(
            path=file["path"],
            kind="file",
            mode=taken["modes"].get(file["path"], PLAIN),
            size=file["size"],
            sha256=file["sha256"],
        )
        for file in taken["artifacts"]
    }

    async def effect(_: str) -> Outcome:
        brought, placed = _brought(crew, source, role), dict(files)

        def place(there: Snapshot) -> Iterable[ManifestEntry]:
            placed.update(_placed(source, brought, files, there))
            return placed.values()

        kept = await crew.workspaces.put(role, place)
        aside = {path: file.path for path, file in placed.items() if file.path != path}
        return Outcome(output={"placed": aside} | kept)

    slot = f"deliver-{role}"
    output = await crew.recorder.leaf(scope, slot, act, _telling(contract, effect))
    return dict(output["placed"])


def _receivers(crew: "CrewAtWork", contract: Handoff) -> list[str]:
    """Return the roles into whose workspaces the files go, one for each; what shares the source's
    has them already."""
    spaces = crew.workspaces
    source, target = crew.agent(contract.from_), crew.agent(contract.to)
    there = {spaces.name(role) for role in spaces.of_role(source)}
    by_space = {spaces.name(role): role for role in reversed(spaces.of_role(target))}
    return [role for name, role in reversed(by_space.items()) if name not in there]


def _telling(
    contract: Handoff, effect: Callable[[str], Awaitable[Outcome]]
) -> Callable[[str], Awaitable[Outcome]]:
    """Let an effect tell what the sandbox refuses in the words of the handoff."""

    async def told(action: str) -> Outcome:
        try:
            return await effect(action)
        except SandboxError as error:
            raise _refused(contract, str(error)) from None

    return told


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
    present = dict.fromkeys((path for path, _ in there.skipped), "")  # there, but not kept
    present |= {entry.path: entry.sha256 for entry in there.entries}
    folder = "from-" + re.sub(r"[^a-z0-9_-]", "-", source)
    placed = {}
    for path, file in files.items():
        own = path not in present or present[path] == file.sha256
        own = own or present[path] in brought.get(path, ())
        placed[path] = file if own else replace(file, path=f"{folder}/{path}")
    return placed


def _brought(crew: "CrewAtWork", source: str, role: str) -> dict[str, set[str]]:
    """Return the contents that a source has brought to a role under each path so far."""
    found: dict[str, set[str]] = {}
    for action in crew.recorder.state.actions.values():
        if (action.type, action.name, action.agent) == ("state_write", DELIVERED, role):
            asked = action.input or {}
            for file in asked.get("files", ()) if asked.get("from") == source else ():
                found.setdefault(file["path"], set()).add(file["sha256"])
    return found


def _refused(contract: Handoff, why: str) -> ActionError:
    patterns = ", ".join(contract.artifacts)
    message = (
        f"The files of '{contract.from_}' for '{contract.to}' ({patterns}) were not handed over:"
        f" {why}. Hand over fewer or smaller files, or change the handoff's artifacts."
    )
    return ActionError({"kind": "artifacts_refused", "role": contract.from_, "message": message})
