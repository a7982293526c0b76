"""The broker of the embedded mode: a folder of messages."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from config.celery import app

QUEUE = "celery"


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """A queue from both its ends, each with a connection of its own."""
    options = {"folder": str(tmp_path), "polling_interval": 0.001}
    with (
        app.connection("folder://", transport_options=options) as one,
        app.connection("folder://", transport_options=options) as other,
    ):
        yield one.SimpleQueue(QUEUE), other.SimpleQueue(QUEUE)


def taken(end: Any) -> Any:
    message = end.get(timeout=20)
    message.ack()
    return message.payload


def test_messages_arrive_once_and_in_order(ends: tuple[Any, Any], tmp_path: Path) -> None:
    writer, reader = ends
    for number in range(3):
        writer.put({"run": number})
    assert reader.qsize() == 3
    assert [taken(reader)["run"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Empty):
        reader.get_nowait()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_never_meets_half_a_message(ends: tuple[Any, Any]) -> None:
    writer, reader = ends
    with ThreadPoolExecutor(1) as threads:
        written = threads.submit(lambda: [writer.put({"run": n}) for n in range(400)])
        assert sorted(taken(reader)["run"] for _ in range(400)) == list(range(400))
        written.result()


@pytest.mark.parametrize("junk", [b"", b'{"body": "ha', b"\xff\x00"])
def test_what_is_no_message_is_passed_over(
    ends: tuple[Any, Any], tmp_path: Path, junk: bytes
) -> None:
    writer, reader = ends
    (tmp_path / f"0_cut.{QUEUE}.msg").write_bytes(junk)
    (tmp_path / f"0_folder.{QUEUE}.msg").mkdir()
    writer.put({"run": 7})
    assert taken(reader) == {"run": 7}
    assert not (tmp_path / f"0_cut.{QUEUE}.msg").exists()
