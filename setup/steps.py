"""Set-up steps: each done once for given inputs, with its time shown and its failure explained."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
PYTHON = VENV / "bin" / "python"


class SetupError(Exception):
    """A step of the set-up failed; the text says what, why, and one thing to do."""


def command(
    argv: Sequence[str | Path],
    *,
    failed: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a program and return its output; raise SetupError with `failed` and the output's end."""
    words = [str(part) for part in argv]
    try:
        done = subprocess.run(
            words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    except OSError as error:
        raise SetupError(f"{failed}\n{error}") from None
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        if len(lines) > 30:
            lines = [*lines[:15], "…", *lines[-15:]]
        told = "\n".join(lines)
        raise SetupError(f"{failed}\n`{' '.join(words)}` ended with {done.returncode}:\n{told}")
    return done.stdout


def step(
    name: str,
    title: str,
    inputs: Iterable[Path | str],
    proof: Path,
    action: Callable[[], None],
    *,
    stamps: Path = STAMPS,
) -> None:
    """Do `action` unless it was done for the same inputs and what it makes, `proof`, is there.

    `inputs` are files, folders (every file below counts) and texts.
    """
    digest = _digest(inputs)
    stamp = stamps / name
    if proof.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    begun = time.monotonic()
    say(f"{title} …")
    action()
    stamps.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)
    say(f"{title}: done in {time.monotonic() - begun:.1f} s")


def say(text: str) -> None:
    """Tell the person something; on stderr, which a pipe does not hold back."""
    print(text, file=sys.stderr, flush=True)


def _digest(inputs: Iterable[Path | str]) -> str:
    digest = hashlib.sha256(f"{VENV} {sys.version_info[:2]}".encode())
    for given in inputs:
        if isinstance(given, str):
            digest.update(given.encode() + b"\0")
            continue
        files = sorted(path for path in given.rglob("*")) if given.is_dir() else [given]
        for path in files:
            if path.is_file():
                digest.update(str(path).encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
