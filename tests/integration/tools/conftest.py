"""The stage of the runs' tests, and a web server on the loopback."""

from collections.abc import Iterator

import pytest

from tests.fakes.web import WebServer
from tests.integration.runs.conftest import fake_models, server, stage

__all__ = ["fake_models", "server", "stage"]


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as web_server:
        yield web_server
