"""The built-in templates: a folder each with `crew.yaml`, `about.yaml` and `rehearsal.yaml`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from crews.draft import Document
from crews.errors import LibraryBroken
from crews.parse import DocumentRefused, document_load, spec_check
from crews.spec import CrewSpec
from crews.strict_json import Json

FOLDER: Final = Path(__file__).parent


class _About(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: str
    summary: str
    advice: str = ""
    position: int = 1000


@dataclass(frozen=True, kw_only=True)
class LibraryEntry:
    """A template as its folder has it; `rehearsal` is the script, None if it has none."""

    slug: str
    title: str
    summary: str
    advice: str
    position: int
    document: Document
    spec: CrewSpec
    rehearsal: Json


def library_entries(folder: Path = FOLDER) -> list[LibraryEntry]:
    """Read every template of a library.

    Raises:
        LibraryBroken: naming the file and what is wrong.
    """
    return [_entry(path.parent) for path in sorted(folder.glob("*/crew.yaml"))]


def _entry(folder: Path) -> LibraryEntry:
    document = _load(folder / "crew.yaml")
    spec, problems = spec_check(document)
    if spec is None:
        raise LibraryBroken(f"{folder.name}/crew.yaml: {problems[0]}")
    try:
        about = _About.model_validate(_load(folder / "about.yaml"))
    except ValidationError as error:
        raise LibraryBroken(f"{folder.name}/about.yaml: {error}") from error
    script = folder / "rehearsal.yaml"
    return LibraryEntry(
        slug=folder.name,
        document=document,
        spec=spec,
        rehearsal=_load(script) if script.exists() else None,
        **about.model_dump(),
    )


def _load(path: Path) -> Document:
    try:
        return document_load(path.read_bytes(), "yaml")
    except (OSError, DocumentRefused) as error:
        raise LibraryBroken(f"{path.parent.name}/{path.name}: {error}") from error
