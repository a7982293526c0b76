"""The sandbox images of the tests, made by one process at a time (`python -m` this)."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.images.build import build

FLAVOURS = ("minimal", "default")


@contextmanager
def one_builder() -> Iterator[None]:
    """Let no other process of these tests make images meanwhile: each clears up what is unnamed."""
    lock = Path(tempfile.gettempdir()) / f"callsheet-test-images-{os.geteuid()}.lock"
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build_images() -> None:
    """Make the images that are not there yet; the others are found at once."""
    with one_builder():
        for flavour in FLAVOURS:
            build(flavour, "auto", lambda _: None)


if __name__ == "__main__":
    build_images()
