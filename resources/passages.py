"""The text of a file, cut into passages that can be found and cited. Pure."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Final

from crews.strict_json import Refused, json_load
from resources.errors import DocumentRefused
from resources.markup import html_text

Json = Any
MAX_BYTES: Final = 5 << 20
MAX_PASSAGES: Final = 20_000
SIZE: Final = 1_200
MAX_LABEL: Final = 100
"""Of a column's name and of the way to a value: each stands before every value that it has."""
KINDS: Final = {
    ".txt": "text",
    ".text": "text",
    ".log": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".html": "html",
    ".htm": "html",
}
_HEADING: Final = re.compile(r"(#{1,6})\s+(\S.*)")
_ENDS: Final = re.compile(r"(?<=[.!?])\s+|\n")


@dataclass(frozen=True, slots=True)
class Piece:
    heading: str
    text: str


def kind_of(name: str) -> str:
    """Return what sort of file this is, by its name. Raises DocumentRefused."""
    ending = PurePosixPath(name.lower()).suffix
    if ending not in KINDS:
        listed = ", ".join(sorted(KINDS))
        raise DocumentRefused(f"Files like '{ending or name}' cannot be read; these can: {listed}.")
    return KINDS[ending]


def pieces_of(kind: str, data: bytes) -> list[Piece]:
    """Return a file's passages. Raises DocumentRefused, saying why."""
    if len(data) > MAX_BYTES:
        raise DocumentRefused(f"It is larger than {MAX_BYTES >> 20} MiB.")
    text = _decoded(data)
    # No more is made than is looked at.
    read = (piece for piece in _READERS[kind](text) if piece.text.strip())
    pieces = list(islice(read, MAX_PASSAGES + 1))
    if not pieces:
        raise DocumentRefused("There is no text in it.")
    if len(pieces) > MAX_PASSAGES:
        raise DocumentRefused(f"It has more than {MAX_PASSAGES} passages.")
    return pieces


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif b"\0" in data:
        raise DocumentRefused("It is no text file.")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


def _plain(text: str) -> Iterator[Piece]:
    yield from (Piece("", packed) for packed in _packed(re.split(r"\n\s*\n", text)))


def _markdown(text: str) -> Iterator[Piece]:
    """Yield passages that stay within a heading, with the way to it: `Guide › Set-up`."""
    trail: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False

    def passages() -> Iterator[Piece]:
        place = " › ".join(title for _, title in trail)[:200]
        for packed in _packed(re.split(r"\n\s*\n", "\n".join(lines))):
            yield Piece(place, packed)

    for line in text.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        yield from passages()
        lines.clear()
        level = len(heading[1])
        trail = [step for step in trail if step[0] < level]
        trail.append((level, heading[2].strip(" #")[:100]))
    yield from passages()


def _html(text: str) -> Iterator[Piece]:
    title, body = html_text(text)
    yield from (Piece(title[:200], piece.text) for piece in _plain(body))


def _csv(text: str) -> Iterator[Piece]:
    """Yield rows as `column: value`, several to a passage."""
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        yield from _table(rows)
    except csv.Error as error:
        raise DocumentRefused(f"It is no table: {error}.") from None


def _table(rows: Iterator[list[str]]) -> Iterator[Piece]:
    head = [name[:MAX_LABEL] for name in next(rows, [])]
    batch: list[str] = []
    size, start, number = 0, 1, 0
    for number, row in enumerate(rows, 1):
        told = "; ".join(
            f"{head[n] if n < len(head) else n + 1}: {cell}" for n, cell in enumerate(row) if cell
        )
        if not told:
            continue
        if batch and size + len(told) > SIZE:
            yield from _rows(batch, start, number - 1)
            batch, size = [], 0
        start = start if batch else number
        batch.append(told)
        size += len(told)
    yield from _rows(batch, start, number)


def _rows(batch: list[str], first: int, last: int) -> Iterator[Piece]:
    place = f"Row {first}" if first == last else f"Rows {first}–{last}"
    yield from (Piece(place, part) for part in _cut("\n".join(batch)))


def _json(text: str) -> Iterator[Piece]:
    """Yield the values with the ways to them, `orders.3.total: 12`, several to a passage."""
    try:
        value = json_load(text)
    except Refused as refused:
        raise DocumentRefused(f"{refused} {refused.where}".strip()) from None
    yield from (Piece("", packed) for packed in _packed(_leaves(value, ""), joint="\n"))


def _leaves(value: Json, path: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            way = f"{path}.{key}" if path else str(key)
            yield from _leaves(item, way if len(way) <= MAX_LABEL else f"…{way[-MAX_LABEL:]}")
    else:
        said = value if isinstance(value, str) else json.dumps(value)
        yield f"{path}: {said}" if path else said


def _packed(blocks: Iterable[str], joint: str = "\n\n") -> Iterator[str]:
    """Yield blocks together as long as they fit a passage; one that is too long is cut."""
    gathered = ""
    for block in blocks:
        block = block.strip("\n")
        if not block.strip():
            continue
        if gathered and len(gathered) + len(block) + len(joint) > SIZE:
            yield gathered
            gathered = ""
        if len(block) > SIZE:
            *whole, block = _cut(block)
            yield from whole
        gathered = f"{gathered}{joint}{block}" if gathered else block
    if gathered:
        yield gathered


def _cut(text: str) -> list[str]:
    """Cut a text at the ends of lines and sentences, else at spaces, else anywhere."""
    parts, start = [], 0
    while len(text) - start > SIZE:
        window = text[start : start + SIZE]
        ends = [found.end() for found in _ENDS.finditer(window) if found.end() > SIZE // 2]
        end = ends[-1] if ends else window.rfind(" ") + 1 or SIZE
        parts.append(window[:end].strip())
        start += end
    return [*(part for part in parts if part), text[start:].strip()]


_READERS: Final = {"text": _plain, "markdown": _markdown, "csv": _csv, "json": _json, "html": _html}
