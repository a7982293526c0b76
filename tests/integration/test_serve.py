"""`manage.py serve`: starts from nothing, keeps its worker alive, and leaves no process behind."""

import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.engines.installation import Installation
from tests.engines.processes import wait_until

NewInstallation = Callable[..., Installation]


def test_a_fresh_data_folder_becomes_a_running_installation(
    new_installation: NewInstallation,
) -> None:
    callsheet = new_installation()
    callsheet.start()
    assert callsheet.web
    output = callsheet.web.output()
    assert f"Callsheet is running at {callsheet.url}/" in output
    assert f"{callsheet.url}/sign-in/" in output
    assert httpx2.get(callsheet.url + "/accounts/login/").status_code == 200
    data = callsheet.folder / "data"
    assert data.stat().st_mode & 0o777 == 0o700
    readable = [path for path in data.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert readable == []


def test_a_second_start_keeps_everything_and_prints_a_fresh_link(
    new_installation: NewInstallation,
) -> None:
    callsheet = new_installation()
    links = []
    for _ in range(2):
        callsheet.start()
        assert callsheet.web
        links += [line for line in callsheet.web.output().split() if "/sign-in/" in line]
        callsheet.stop()
    assert len(set(links)) == 2
    with sqlite3.connect(callsheet.folder / "data" / "callsheet.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM teams_user").fetchone() == (1,)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_exits_with_0_and_takes_the_worker_along(
    new_installation: NewInstallation, number: signal.Signals
) -> None:
    callsheet = new_installation()
    callsheet.start()
    assert callsheet.web
    (worker,) = _workers(callsheet)
    begun = time.monotonic()
    assert callsheet.web.stop(number) == 0
    assert time.monotonic() - begun < 5
    assert not _alive(worker)


def test_a_killed_web_process_leaves_no_worker(new_installation: NewInstallation) -> None:
    callsheet = new_installation()
    callsheet.start()
    assert callsheet.web
    (worker,) = _workers(callsheet)
    callsheet.web.kill()
    wait_until(lambda: not _alive(worker), seconds=3, what="the worker's end")


def test_a_killed_worker_is_replaced_and_the_web_stays_up(
    new_installation: NewInstallation,
) -> None:
    callsheet = new_installation()
    callsheet.start()
    (first,) = _workers(callsheet)
    callsheet.kill_workers()
    assert httpx2.get(callsheet.url + "/accounts/login/").status_code == 200
    (second,) = _workers(callsheet)
    assert second != first
    assert callsheet.web
    assert "The worker ended (by signal SIGKILL)" in callsheet.web.output()


def test_a_busy_port_is_named_with_the_way_out(new_installation: NewInstallation) -> None:
    callsheet = new_installation()
    with socket.create_server(("127.0.0.1", callsheet.port)):
        done = callsheet.run("serve")
    assert done.returncode == 1
    assert f"Port {callsheet.port} is in use" in done.stderr
    assert "PORT=" in done.stderr
    assert not (callsheet.folder / "data" / "callsheet.sqlite3").exists()


def test_two_installations_never_share_a_data_folder(new_installation: NewInstallation) -> None:
    callsheet = new_installation()
    callsheet.start()
    done = new_installation(CALLSHEET_DATA_DIR=str(callsheet.folder / "data")).run("serve")
    assert done.returncode == 1
    assert f"in use by the Callsheet at {callsheet.url}/" in done.stderr


def test_production_settings_are_told_apart(new_installation: NewInstallation) -> None:
    done = new_installation(REDIS_URL="redis://127.0.0.1:1/0").run("serve")
    assert done.returncode == 1
    assert "REDIS_URL is set" in done.stderr


def _workers(callsheet: Installation) -> list[int]:
    wait_until(callsheet.worker_pids, what="a worker")
    return callsheet.worker_pids()


def _alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and waits for its parent to notice does not."""
    try:
        os.kill(pid, 0)
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
