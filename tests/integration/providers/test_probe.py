"""A look at a credential's server says whether it is there and takes the key."""

import pytest

from runs.credential_checks import check
from runs.providers.base import Credential
from runs.providers.errors import BadKey, MalformedAnswer, WrongAddress
from runs.providers.probe import probe
from teams.providers import PROVIDERS
from teams.services.credentials import ResolvedCredential
from tests.fakes.model_server import ModelServer, Rule
from tests.fakes.web import Answer, WebServer
from tests.integration.providers.conftest import KEY, base_url

both = pytest.mark.parametrize("name", ["openai", "anthropic"])


@both
def test_a_server_that_takes_the_key_names_its_models(name: str, server: ModelServer) -> None:
    server.rules = [Rule(key=KEY), Rule(status=401)]
    found = probe(name, Credential(api_key=KEY, base_url=base_url(name, server)))
    assert found.models == ("m-large", "m-small")
    assert found.host == f"127.0.0.1:{server.port}"
    assert server.calls == [], "no model was called"


def test_a_bare_list_from_a_server_that_looks_for_the_keys_own_header() -> None:
    told = {"Content-Type": "application/json"}
    with WebServer() as web:
        web.pages["/v1/models"] = Answer(body=b'[{"id": "m"}]', status=200, headers=told)
        found = probe("anthropic", Credential(api_key=KEY, base_url=web.url))
        (asked,) = web.asked
    assert found.models == ("m",)
    assert asked.headers["x-api-key"] == KEY


@both
def test_a_key_that_is_refused(name: str, server: ModelServer) -> None:
    server.rules = [Rule(status=401, message=f"bad key {KEY}")]
    with pytest.raises(BadKey) as caught:
        probe(name, Credential(api_key=KEY, base_url=base_url(name, server)))
    assert KEY not in str(caught.value)


@both
def test_what_is_no_model_server(name: str, server: ModelServer) -> None:
    with pytest.raises(WrongAddress):
        probe(name, Credential(api_key=KEY, base_url=f"{server.url}/other"))
    server.rules = [Rule(content="[]", headers={"content-type": "application/json"})]
    with pytest.raises(MalformedAnswer):
        probe(name, Credential(api_key=KEY, base_url=base_url(name, server)))


@both
def test_the_settings_page_can_test_each_provider(name: str, server: ModelServer) -> None:
    offered = PROVIDERS[name].check
    assert offered is not None
    resolved = ResolvedCredential(provider=name, api_key=KEY, base_url=base_url(name, server))
    good = offered(resolved)
    assert good.ok
    assert "m-large, m-small" in good.summary
    server.rules = [Rule(status=403, message="not for you")]
    bad = check(name, resolved)
    assert not bad.ok
    assert "not for you" in bad.summary
    assert bad.detail == BadKey.advice


def test_the_vendor_is_not_asked_without_a_key() -> None:
    with pytest.raises(BadKey):
        probe("openai", Credential())
