"""A whole installation with a program's key, and credentials for the fake model server."""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2

from config.data_dir import BASE_DIR
from tests.engines.installation import Installation
from tests.engines.processes import Child, wait_until
from tests.fakes.model_server import Call, ModelServer
from tests.integration.runs import trail

Json = Any
ENDED = ("finished", "failed", "cancelled")
_SET_UP = """
from teams.models import Team, User
from teams.services import api_key_create, credential_set, owner_create_first
owner_create_first()
user = User.objects.earliest("pk")
team = Team.objects.get(personal_of=user)
credential_set(team=team, provider="openai", api_key="sk-test", base_url="{openai}")
credential_set(team=team, provider="anthropic", api_key="sk-test", base_url="{anthropic}")
print(api_key_create(user=user, team=team, name="tests"))
"""


@dataclass
class House:
    """An installation that runs, asked over REST by a program."""

    installation: Installation
    server: ModelServer
    key: str = ""
    _added: list[Child] = field(default_factory=list)
    _http: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=30))

    def set_up(self) -> None:
        urls = {"openai": self.server.openai_url, "anthropic": self.server.anthropic_url}
        self.key = self.installation.shell(_SET_UP.format(**urls)).splitlines()[-1]

    @cached_property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def ask(self, method: str, path: str, body: Json = None, **headers: str) -> tuple[int, Json]:
        """Ask the REST API and return status and body."""
        answer = self._http.request(
            method,
            f"{self.installation.url}/api/v1{path}",
            json=body,
            headers=self.headers | {n.replace("_", "-"): v for n, v in headers.items()},
        )
        return answer.status_code, answer.json()

    def get(self, path: str) -> Json:
        status, body = self.ask("GET", path)
        assert status == 200, body
        return body

    def post(self, path: str, body: Json) -> Json:
        status, answer = self.ask("POST", path, body)
        assert status in (200, 201), answer
        return answer

    def close(self) -> None:
        """End what this house has beside its installation."""
        self._http.close()
        while self._added:
            self._added.pop().kill()

    # -- runs ----------------------------------------------------------------------------------

    def start(self, document: Json, task: Json = "The task", **fields: Json) -> str:
        """Import a crew over REST, start it and return the run's id."""
        crew = self.post("/crews/import", document)
        return str(self.post("/runs", {"crew": crew["id"], "task": task, **fields})["id"])

    def read(self, run: str) -> Json:
        return self.get(f"/runs/{run}")

    def wait(
        self, run: str, until: Callable[[Json], object] | None = None, *, seconds: float = 30
    ) -> Json:
        """Wait until the run has ended (or `until` holds of it) and return it."""
        seen: list[Json] = []

        def reached() -> bool:
            seen.append(self.read(run))
            return bool(until(seen[-1]) if until else seen[-1]["status"] in ENDED)

        try:
            wait_until(reached, seconds=seconds, what=f"run {run}")
        except TimeoutError as error:
            shown = [(e["seq"], e["kind"], e["key"]) for e in self.entries(run)][-12:]
            raise TimeoutError(f"{error}: {seen[-1]['status']}, {shown}") from None
        return seen[-1]

    def entries(self, run: str) -> list[Json]:
        """Return the whole journal of a run."""
        found: list[Json] = []
        while page := self.get(f"/runs/{run}/entries?after={len(found)}&limit=1000")["entries"]:
            found += page
        return found

    def finished(self, run: str, *, seconds: float = 30) -> list[Json]:
        """Wait for a run's end, which must be good, check its journal and return it."""
        ended = self.wait(run, seconds=seconds)
        assert ended["status"] == "finished", ended["error"]
        entries = self.entries(run)
        trail.check(entries)
        assert self.post(f"/runs/{run}/verify", {})["problems"] == []
        return entries

    # -- the model server ----------------------------------------------------------------------

    def calls(self, text: str = "") -> list[Call]:
        """Return the calls with `text` in their prompts, in order of arrival."""
        return [call for call in self.server.calls if text in call.all_text]

    def in_flight(self, text: str, *, count: int = 1) -> None:
        """Wait until so many calls with `text` in them wait for their answer."""
        self.server.wait(lambda: sum(not c.ended for c in self.calls(text)) >= count, 20)

    # -- workers -------------------------------------------------------------------------------

    def kill_workers(self) -> None:
        """End all workers by SIGKILL; afterwards there are as many new ones."""
        count = len(self.workers())
        self.installation.kill_workers()
        self.ensure_workers(count)

    def freeze(self, worker: int) -> None:
        """Freeze a worker, but not while it has the one right to write that SQLite gives."""
        _stop(worker)
        while not self._can_be_written():
            thaw(worker)
            time.sleep(0.05)
            _stop(worker)

    def _can_be_written(self) -> bool:
        if self.installation.mode == "production":
            return True
        path = self.installation.folder / "data" / "callsheet.sqlite3"
        with closing(sqlite3.connect(path, timeout=2)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
        return True

    def workers(self) -> list[int]:
        added = [child.pid for child in self._added if child.exit_code() is None]
        return self.installation.worker_pids() + added

    def ensure_workers(self, count: int) -> None:
        """Bring the workers back to so many (embedded: to the one that the web process keeps)."""
        if self.installation.mode == "production":
            while len(self.workers()) < count:
                self.installation.start_worker()
            return
        while self._added:
            self._added.pop().kill()
        wait_until(lambda: len(self.workers()) == 1, seconds=30, what="a new worker")

    def two_workers(self) -> tuple[int, int]:
        """Return two workers on the same journal; embedded, one is added until the test's end."""
        if self.installation.mode == "embedded":
            log = self.installation.folder / "added-worker.log"
            log.unlink(missing_ok=True)
            argv = [sys.executable, "-m", "config.embedded.worker_process", str(os.getpid())]
            child = Child(argv, log=log, env=self.installation.env, cwd=BASE_DIR)
            self._added.append(child)
            child.wait_for(lambda: " ready." in child.output(), what="the worker being ready")
        first, second = self.workers()
        return first, second


def _stop(pid: int) -> None:
    """Stop a process, and wait until each of its threads stands still."""
    os.kill(pid, signal.SIGSTOP)
    threads = Path(f"/proc/{pid}/task")
    wait_until(lambda: all(_state(task) in "TtXZ" for task in threads.iterdir()), what="the stop")


def _state(task: Path) -> str:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def thaw(pid: int) -> None:
    os.kill(pid, signal.SIGCONT)
