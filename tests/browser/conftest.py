"""An installation whose crews call a fake model server, and what the tests do with its runs."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.engines.browser import sign_in
from tests.engines.installation import Installation
from tests.fakes.model_server import ModelServer


@pytest.fixture(scope="session")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def studio_site(
    tmp_path_factory: pytest.TempPathFactory, models: ModelServer
) -> Iterator[Installation]:
    """An embedded installation with a credential for the fake model server."""
    keys = {"OPENAI_BASE_URL": models.openai_url, "OPENAI_API_KEY": "sk-test"}
    made = Installation(mode="embedded", folder=tmp_path_factory.mktemp("studio"), settings=keys)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def studio(
    studio_site: Installation, models: ModelServer, page: Page, recorded: dict[str, str]
) -> "Studio":
    """A page of the installation's owner, and a model server without rules."""
    models.rules = []
    models.calls.clear()
    sign_in(page, studio_site)
    return Studio(studio_site, models, page, recorded)


@pytest.fixture(scope="session")
def recorded() -> dict[str, str]:
    """The runs of the told journals that the installation has."""
    return {}


class Studio:
    """Starts runs as the page's own person does, and opens their pages."""

    def __init__(
        self, site: Installation, models: ModelServer, page: Page, recorded: dict[str, str]
    ) -> None:
        self.site, self.models, self.page = site, models, page
        self._recorded = recorded

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the REST API with the page's session."""
        return self.page.evaluate(_CALL, [method, path, body])

    def start(self, document: Any, task: str = "The task", *, rehearse: bool = False) -> str:
        """Start a run of a crew and return the run's id."""
        crew = self.call("POST", "/crews", {"document": document})["id"]
        body = {"crew": crew, "task": task, "rehearse": rehearse}
        run: str = self.call("POST", "/runs", body)["id"]
        return run

    def open(self, document: Any, task: str = "The task", *, rehearse: bool = False) -> str:
        """Start a run, open its page and return its id."""
        run = self.start(document, task, rehearse=rehearse)
        self.show(run)
        return run

    def show(self, run: str) -> None:
        self.page.goto(f"{self.site.url}/runs/{run}/")

    def record(self, story: str) -> str:
        """Put a told journal, named `module:function`, into the tables once; return the run's id.
        Nothing may be changed in it."""
        module, name = story.split(":")
        if story not in self._recorded:
            self._recorded[story] = self.site.shell(
                f"from {module} import {name}\n"
                "from teams.models import Team\n"
                "from tests.journals.record import record\n"
                f"print(record({name}(), team=Team.objects.earliest('pk')).pk)"
            )
        return self._recorded[story]


# Fetches as the page itself does, with the session and its CSRF token.
_CALL = """async ([method, path, body]) => {
  const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"];
  const answer = await fetch("/api/v1" + path, {
    method,
    headers: { "X-CSRFToken": token, "Content-Type": "application/json" },
    body: body === null ? undefined : JSON.stringify(body),
  });
  return answer.json();
}"""
