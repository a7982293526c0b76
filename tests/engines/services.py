"""Real Redis, PostgreSQL and Docker for the tests, each on a free port and in its own folder."""

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import docker
import psycopg
import pytest
from docker.errors import DockerException
from psycopg import sql

from sandbox.engine import knock
from tests.engines.processes import Child, free_port


def missing(engine: str) -> NoReturn:
    """Skip the test for want of `engine`; where CI=true fail it, so that it is noticed."""
    reason = f"{engine} is not on this machine; `make test` installs it when run as root"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True, kw_only=True)
class Redis:
    """A running server; `restart` loses everything that was in it, as a crash would."""

    url: str
    port: int
    folder: Path
    _children: list[Child] = field(default_factory=list)

    def start(self) -> None:
        argv = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        child = Child([*argv, "--dir", str(self.folder)], log=self.folder / "redis.log")
        self._children.append(child)
        child.wait_for(lambda: _listens(self.port), what="Redis answering")

    def kill(self) -> None:
        self._children.pop().kill()

    def restart(self) -> None:
        self.kill()
        self.start()


@contextmanager
def redis_server() -> Iterator[Redis]:
    """Run a Redis server until the block ends."""
    if not shutil.which("redis-server"):
        missing("redis-server")
    port = free_port()
    with TemporaryDirectory(prefix="callsheet-redis-") as folder:
        redis = Redis(url=f"redis://127.0.0.1:{port}/0", port=port, folder=Path(folder))
        redis.start()
        try:
            yield redis
        finally:
            redis.kill()


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running cluster in which anybody on this machine is the superuser."""

    port: int

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Create an empty database and return its `DATABASE_URL`."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[Postgres]:
    """Run a PostgreSQL cluster until the block ends; `durable` keeps fsync on, as a bench must, and
    notes when what was committed."""
    binaries = _postgres_binaries()
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    with TemporaryDirectory(prefix="callsheet-postgres-") as name:
        folder, port = Path(name), free_port()
        if user:
            shutil.chown(folder, user, user)
        data, log = folder / "data", folder / "postgres.log"
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
        made = Child([*initdb, "-E", "UTF8", "--no-sync"], log=log, user=user, cwd=folder)
        if made.wait(60):
            raise RuntimeError(f"initdb failed: {made.output()[-2000:]}")
        options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        if durable:
            options["track_commit_timestamp"] = "on"
        else:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        argv = [str(binaries / "postgres"), "-D", str(data)]
        argv += [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        child = Child(argv, log=log, user=user, cwd=folder)
        try:
            child.wait_for(lambda: _accepts_queries(port), what="PostgreSQL answering")
            yield Postgres(port=port)
        finally:
            # SIGINT is PostgreSQL's fast shutdown.
            child.stop(signal.SIGINT)


def _postgres_binaries() -> Path:
    """Return the folder of PostgreSQL's programs; Debian keeps them off the PATH."""
    if found := shutil.which("postgres"):
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        missing("postgresql")
    return folders[-1]


@contextmanager
def docker_engine() -> Iterator[docker.DockerClient]:
    """Yield a client of the Docker engine that answers, or of one started for the block."""
    with ExitStack() as cleanup:
        if not docker_answers():
            if not shutil.which("dockerd") or os.geteuid() != 0:
                missing("A running Docker engine")
            folder = Path(cleanup.enter_context(TemporaryDirectory(prefix="callsheet-docker-")))
            child = Child(["dockerd"], log=folder / "dockerd.log")
            cleanup.callback(child.stop, seconds=30)
            child.wait_for(docker_answers, what="Docker answering", seconds=60)
        client = docker.from_env()
        cleanup.callback(client.close)
        yield client


def docker_answers() -> bool:
    try:
        knock()
        client = docker.from_env(timeout=5)
    except (DockerException, OSError):
        return False
    try:
        return bool(client.ping())
    except DockerException:
        return False
    finally:
        client.close()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _accepts_queries(port: int) -> bool:
    with (
        suppress(psycopg.OperationalError),
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2),
    ):
        return True
    return False
