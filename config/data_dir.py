"""The data folder: where the embedded mode keeps its database, broker folder and keys."""

import os
import secrets
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Return the folder named by ``CALLSHEET_DATA_DIR`` (default: ``var/`` in the checkout)."""
    return Path(os.environ.get("CALLSHEET_DATA_DIR") or BASE_DIR / "var").absolute()


class DataDirRefused(Exception):
    """The data folder cannot be made or written; the text says what to do."""


def prepare_data_dir() -> Path:
    """Create the data folder and its secrets, for its owner's eyes only, unless they are there.

    Raises DataDirRefused.
    """
    folder = data_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "broker").mkdir(exist_ok=True)
        for name in ("secret_key", "credential_keys"):
            _write_once(folder / name)
    except OSError as error:
        raise DataDirRefused(
            f"The data folder {folder} cannot be used: {error.strerror}. Choose one that you may "
            "write to: CALLSHEET_DATA_DIR=…"
        ) from error
    return folder


def secret(name: str, variable: str) -> str:
    """Return a secret from the environment, else from the data folder, else an empty text."""
    if value := os.environ.get(variable):
        return value
    path = data_dir() / name
    return path.read_text().strip() if path.exists() else ""


def _write_once(path: Path) -> None:
    if path.exists():
        return
    # Written aside and linked: of two processes that start together, both read the winner's secret.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(48) + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
