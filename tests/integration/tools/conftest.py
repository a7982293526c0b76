"""A web server on the loopback."""

from collections.abc import Iterator

import pytest

from tests.fakes.web import WebServer


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as web_server:
        yield web_server
