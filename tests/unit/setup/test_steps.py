"""A set-up step is done once for what it depends on, and again when that changes."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from setup import steps
from setup.front_end import node_suffices


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with one file that a step depends on."""
    (tmp_path / "lock").write_text("one")
    return tmp_path


def _step(checkout: Path, action: Callable[[], None]) -> None:
    inputs, proof = [checkout / "lock"], checkout / "product"
    steps.step("lock", "Packages", inputs, proof, action, stamps=checkout / "stamps")


def _times_done(checkout: Path, *changes: str) -> int:
    done: list[str] = []
    product = checkout / "product"

    def action() -> None:
        done.append("again")
        product.write_text("made")

    for change in ("", *changes):
        if change == "inputs":
            (checkout / "lock").write_text("two")
        elif change == "product":
            product.unlink()
        _step(checkout, action)
    return len(done)


def test_a_step_is_done_once(checkout: Path) -> None:
    assert _times_done(checkout, "", "") == 1


def test_a_step_is_done_again_when_its_inputs_change(checkout: Path) -> None:
    assert _times_done(checkout, "inputs", "") == 2


def test_a_step_is_done_again_when_what_it_made_is_gone(checkout: Path) -> None:
    assert _times_done(checkout, "product", "") == 2


def test_a_failed_step_is_tried_again(checkout: Path) -> None:
    def fail() -> None:
        raise steps.SetupError("no network")

    with pytest.raises(steps.SetupError):
        _step(checkout, fail)
    assert _times_done(checkout) == 1


def test_a_failing_program_is_shown_with_its_output() -> None:
    argv = [sys.executable, "-c", "import sys; sys.exit('the disk is full')"]
    with pytest.raises(steps.SetupError, match=r"(?s)Nothing was made.*ended with 1.*disk is full"):
        steps.command(argv, failed="Nothing was made.")


def test_a_missing_program_is_named() -> None:
    with pytest.raises(steps.SetupError, match="no-such-program"):
        steps.command(["no-such-program"], failed="Nothing was made.")


@pytest.mark.parametrize(
    ("version", "suffices"),
    [
        ("v20.19.0", True),
        ("v20.18.3", False),
        ("v21.7.0", False),
        ("v22.12.0", True),
        ("v22.11.9", False),
        ("v24.1.0", True),
        ("not a version", False),
    ],
)
def test_only_a_node_that_runs_the_build_suffices(
    tmp_path: Path, version: str, suffices: bool
) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)
    assert node_suffices(str(node)) is suffices


def test_no_node_does_not_suffice() -> None:
    assert not node_suffices(None)
