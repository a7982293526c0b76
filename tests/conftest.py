"""Fixtures for every test: real engines, whole installations in both modes, a browser."""

import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import pytest
from playwright.sync_api import BrowserContext, Page
from xdist.scheduler import LoadScopeScheduling, Scheduling

from config.embedded.deathwatch import die_with_parent
from tests.engines import leftovers
from tests.engines.browser import CHROMIUM_FLAGS, PageWatch, sign_in
from tests.engines.images import build_images
from tests.engines.installation import Installation, Mode
from tests.engines.services import (
    Postgres,
    Redis,
    docker_engine,
    missing,
    postgres_server,
    redis_server,
)


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        die_with_parent(os.getppid())


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        leftovers.remove_sandboxes()


def pytest_itemcollected(item: pytest.Item) -> None:
    fixtures = set(getattr(item, "fixturenames", ()))
    if fixtures & {"new_installation", "shared_house", "site", "studio_site"}:
        item.add_marker("whole")
    elif fixtures & {"db", "transactional_db"} or item.get_closest_marker("django_db"):
        item.add_marker("database")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: (_place(item), -sizes[item.path]))
    # Several processes would run one of them alone, and say nothing.
    names = Counter(item.nodeid for item in items)
    if twice := [name for name, count in names.items() if count > 1]:
        raise pytest.UsageError(f"Tests of one name: {', '.join(twice)}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return InGroups(config, log)


class InGroups(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Hands out to the processes of a test run what shares an installation (the house of its mode),
    else file by file."""

    def _split_scope(self, nodeid: str) -> str:
        house = re.search(r"\[(embedded|production)\b", nodeid)
        return house[1] if house else nodeid.partition("::")[0]


def pytest_sessionfinish() -> None:
    leftovers.remove_sandboxes(own=True)


@pytest.fixture(autouse=True)
def _fresh_signing_key() -> Iterator[None]:
    """No test signs by the key of a database that is gone."""
    yield
    if (signing := sys.modules.get("runs.journal.signing")) is not None:
        signing._newest.cache_clear()


def _place(item: pytest.Item) -> int:
    """What takes longest comes first, for the others to go on beside it; and the browser last:
    once Playwright's loop runs, no other event loop can in this process."""
    if "/tests/browser/" in item.path.as_posix():
        return 2
    return 0 if any(map(item.get_closest_marker, ("whole", "alike"))) else 1


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this test run."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A Redis server of this test alone: it may be killed and restarted."""
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def docker_client() -> Iterator[docker.DockerClient]:
    """A client of a real Docker engine, which has the images of `tests.engines.images`."""
    with docker_engine() as client:
        build_images()
        yield client


@pytest.fixture
def new_installation(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Installation]]:
    """Make installations: `new_installation(mode, OPENAI_BASE_URL=…)`; the end stops them all."""
    made: list[Installation] = []

    def new(mode: Mode = "embedded", **settings: str) -> Installation:
        folder = tmp_path / f"installation{len(made)}"
        folder.mkdir()
        if mode == "production":
            postgres: Postgres = request.getfixturevalue("postgres")
            redis: Redis = request.getfixturevalue("redis")
            database = postgres.create_database(f"callsheet_{uuid4().hex}")
            settings = {"DATABASE_URL": database, "REDIS_URL": redis.url, **settings}
        made.append(Installation(mode=mode, folder=folder, settings=settings))
        return made[-1]

    yield new
    for installation in made:
        installation.stop()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One embedded installation, started, that the browser tests of a process share."""
    made = Installation(mode="embedded", folder=tmp_path_factory.mktemp("site"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium instead of a download."""
    executable = shutil.which("chromium")
    if not executable:
        missing("chromium")
    return {"executable_path": executable, "args": CHROMIUM_FLAGS}


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test on a script error or on any request to another host."""
    page = context.new_page()
    watch = PageWatch(page)
    yield page
    assert not watch.faults


@pytest.fixture
def signed_in(site: Installation, page: Page) -> Page:
    """A page of the owner of `site`, signed in, on the first page of the app."""
    sign_in(page, site)
    return page
