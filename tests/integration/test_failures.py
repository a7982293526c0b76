"""What keeps a command from beginning is told in words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVE = ("serve",)


def said(folder: Path, *arguments: str, **variables: str) -> str:
    """Run a command that must fail, and return what it said."""
    inherited = {n: os.environ[n] for n in ("PATH", "HOME") if n in os.environ}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=inherited | {"CALLSHEET_DATA_DIR": str(folder)} | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_data_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert f"{tmp_path}/file cannot be used" in said(tmp_path / "file", *SERVE)


def test_a_database_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "callsheet.sqlite3").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    assert "callsheet.sqlite3 cannot be used" in said(tmp_path, *SERVE)


def test_a_database_that_nobody_has_prepared(tmp_path: Path) -> None:
    command = ("create_api_key", "--user", "a@example.org", "--team", "a", "--name", "a")
    assert "manage.py prepare" in said(tmp_path, *command)


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    address = "postgres://somebody:hunter2@127.0.0.1:1/callsheet"
    text = said(tmp_path, "analyze_runs", DATABASE_URL=address)
    assert "The database callsheet at 127.0.0.1 cannot be used" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("port", ["web", "0", "65536"])
def test_a_port_that_is_none(tmp_path: Path, port: str) -> None:
    assert f"PORT must be a port from 1 to 65535, not '{port}'." in said(
        tmp_path, *SERVE, PORT=port
    )


def test_any_python_will_do(tmp_path: Path) -> None:
    argv = [sys.executable, "-S", "manage.py", "--version"]  # -S: without installed packages
    env = {"PATH": os.environ["PATH"], "CALLSHEET_DATA_DIR": str(tmp_path)}
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
