"""A whole installation of Callsheet on a free port: real processes, a data folder of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from config.data_dir import BASE_DIR
from tests.engines.processes import Child, free_port, wait_until

Mode = Literal["embedded", "production"]
# Variables that would change the product; the tests set them on purpose or not at all.
_OURS = (
    "PYTHONUNBUFFERED",
    "CALLSHEET_",
    "DJANGO_",
    "ANTHROPIC_",
    "OPENAI_",
    "DATABASE_URL",
    "REDIS_URL",
    "PORT",
)
_FRESH_LINK = """
from teams.models import User
from teams.services import sign_in_link_create
print(sign_in_link_create(user=User.objects.earliest("pk")))
"""


@dataclass(kw_only=True)
class Installation:
    """Callsheet as a person runs it, in one of its two modes.

    `settings` are environment variables on top of the tests' own (`DATABASE_URL`, `REDIS_URL`,
    `OPENAI_BASE_URL`, …). Nothing runs until `start()`, or until `prepare()` and `start_web()` /
    `start_worker()` one by one (production mode only: embedded, the web process has the worker).
    """

    mode: Mode
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    web: Child | None = None
    workers: list[Child] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        own = {"CALLSHEET_DATA_DIR": str(self.folder / "data"), "PORT": str(self.port)}
        own["CALLSHEET_INSTANCE"] = os.environ["CALLSHEET_INSTANCE"]
        return kept | own | dict(self.settings)

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `manage.py …` to its end and return it, whatever its exit code."""
        argv = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            argv,
            cwd=BASE_DIR,
            env=self.env,
            input=stdin,
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )

    def manage(self, *arguments: str) -> str:
        """Run `manage.py …`, which must succeed, and return what it printed."""
        done = self.run(*arguments)
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def shell(self, code: str) -> str:
        """Run Python in the installation's own Django and return what it printed."""
        return self.manage("shell", "--no-imports", "-c", code).strip()

    def start(self, *, workers: int = 1) -> None:
        """Set up and start everything; return when the web answers. What fails leaves nothing."""
        try:
            if self.mode == "production":
                self.prepare()
                for _ in range(workers):
                    self.start_worker()
            self.start_web()
        except BaseException:
            self.stop()
            raise

    def prepare(self) -> None:
        """Migrate and install the templates (embedded mode does this by itself)."""
        self.manage("prepare")

    def start_web(self) -> Child:
        if self.mode == "embedded":
            argv = [sys.executable, "manage.py", "serve"]
        else:
            argv = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port)]
            argv.append("config.asgi:application")
        self.web = self._child(argv, "web.log")
        sign = "is running at" if self.mode == "embedded" else "Listening on TCP"
        self.web.wait_for(lambda: self.web and sign in self.web.output(), what="the web answering")
        return self.web

    def start_worker(self) -> Child:
        """Start one more Celery worker (production mode)."""
        argv = [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", "threads"]
        argv += ["--concurrency", "64", "--without-mingle", "--without-gossip", "-l", "info"]
        argv += ["-n", f"worker{len(self.workers)}@%h"]
        worker = self._child(argv, f"worker{len(self.workers)}.log")
        worker.wait_for(lambda: " ready." in worker.output(), what="the worker being ready")
        self.workers.append(worker)
        return worker

    def sign_in_path(self) -> str:
        """Make a one-time sign-in link for the first user, the owner; return its path."""
        return self.shell(_FRESH_LINK)

    def worker_pids(self) -> list[int]:
        """Return the process ids of the living workers."""
        if self.mode == "production":
            return [worker.pid for worker in self.workers if worker.exit_code() is None]
        assert self.web is not None
        children = Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def kill_workers(self) -> None:
        """End every worker with SIGKILL (embedded: the web process starts a new one)."""
        killed = self.worker_pids()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not set(killed) & set(self.worker_pids()), what="the workers' end")

    def stop(self) -> None:
        """Stop every process that was started."""
        for child in [*self.workers, *([self.web] if self.web else [])]:
            child.stop()
        self.workers.clear()
        self.web = None

    def _child(self, argv: list[str], log: str) -> Child:
        path = self.folder / log
        path.unlink(missing_ok=True)
        return Child(argv, log=path, env=self.env, cwd=BASE_DIR)
