"""What a server says of a tool, as it is shown, accepted, pinned and compared."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from crews.problems import errors
from crews.schema_guard import guard_schema
from crews.strict_json import Refused, check_json, json_canonical

Json = Any
NAME: Final = re.compile(r"[A-Za-z0-9_./-]{1,128}", re.ASCII)
MAX_DESCRIPTION: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A tool as its server describes it. `fault` says why it cannot be used, "" if it can."""

    name: str
    title: str = ""
    description: str = ""
    parameters: dict[str, Json]
    fault: str = ""

    @property
    def digest(self) -> str:
        """What must stay the same for the tool to be the one that was accepted."""
        told = [self.name, self.description, self.parameters]
        return hashlib.sha256(json_canonical(told).encode("utf-8", "replace")).hexdigest()

    def stored(self) -> dict[str, Json]:
        """Return it as it is kept; `definition_stored` reads that again."""
        return {
            "title": self.title,
            "description": self.description,
            "parameters": self.parameters,
            "fault": self.fault,
        }


def definition_stored(name: str, stored: Mapping[str, Json]) -> Definition:
    return Definition(name=name, **stored)


def definition_of(name: str, title: str, description: str, parameters: Json) -> Definition:
    """Return what a server said, with its faults named."""
    fault = ""
    try:
        check_json([name, title, description, parameters])
    except Refused as refused:
        fault = f"What the server says of it was refused. {refused}"
        title, description, parameters = "", "", {}
    if not isinstance(parameters, dict):
        fault, parameters = "Its parameters are no JSON Schema.", {}
    elif not fault and (found := errors(guard_schema(parameters))):
        fault, parameters = f"Its parameters cannot be checked. {found[0]}", {}
    elif not fault and parameters.get("type", "object") != "object":
        fault = "Its parameters are no object."
    if not fault and len(description) > MAX_DESCRIPTION:
        fault = f"Its description is longer than {MAX_DESCRIPTION} characters."
    if not NAME.fullmatch(name):
        fault = "Its name has other characters than letters, digits, _ - . and /, or is too long."
    return Definition(
        name=name.replace("\0", "")[:128],
        title=" ".join(title.split())[:200],
        description=description[: MAX_DESCRIPTION * 2],
        parameters=parameters,
        fault=fault[:500],
    )
