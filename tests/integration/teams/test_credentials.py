"""Provider credentials and model tiers, as the services keep them."""

import pytest
from pytest_django import Settings

from teams.errors import AddressInvalid, CredentialEmpty, CredentialUnreadable, KeyNeededAgain
from teams.models import Credential, Team
from teams.services import (
    credential_resolve,
    credential_set,
    credentials_from_environment,
    owner_create_first,
    team_create,
    tier_resolve,
    tier_set,
    tiers_of,
)
from teams.services.tiers import DEFAULTS

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return team_create(name="Studio")


@pytest.fixture(autouse=True)
def no_keys_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in ("ANTHROPIC", "OPENAI"):
        monkeypatch.delenv(f"{provider}_API_KEY", raising=False)
        monkeypatch.delenv(f"{provider}_BASE_URL", raising=False)


def test_a_key_is_kept_sealed_and_resolved_for_its_team_only(team: Team) -> None:
    stored = credential_set(team=team, provider="anthropic", api_key=" sk-secret ")
    assert "sk-secret" not in str(vars(stored))
    found = credential_resolve(team=team, provider="anthropic")
    assert found is not None
    assert (found.api_key, found.base_url) == ("sk-secret", None)
    assert "sk-secret" not in repr(found)
    assert credential_resolve(team=team, provider="openai") is None
    assert credential_resolve(team=team, provider="anthropic", name="other") is None
    assert credential_resolve(team=team_create(name="Other"), provider="anthropic") is None


def test_a_changed_address_asks_for_the_key_again(team: Team) -> None:
    credential_set(team=team, provider="openai", api_key="sk-secret")
    with pytest.raises(KeyNeededAgain):
        credential_set(team=team, provider="openai", api_key=None, base_url="https://evil.example")
    kept = credential_resolve(team=team, provider="openai")
    assert kept is not None
    assert kept.base_url is None
    moved = credential_set(
        team=team, provider="openai", api_key="sk-new", base_url="https://proxy.example/v1/"
    )
    assert moved.base_url == "https://proxy.example/v1"


def test_an_unchanged_address_keeps_the_key(team: Team) -> None:
    credential_set(team=team, provider="openai", api_key="sk-1", base_url="https://a.example")
    credential_set(team=team, provider="openai", api_key=None, base_url="https://a.example/")
    found = credential_resolve(team=team, provider="openai")
    assert found is not None
    assert found.api_key == "sk-1"
    assert Credential.objects.for_team(team).count() == 1


def test_a_server_may_need_no_key(team: Team) -> None:
    credential_set(team=team, provider="openai", api_key="", base_url="http://localhost:11434/v1")
    found = credential_resolve(team=team, provider="openai")
    assert found is not None
    assert (found.api_key, found.base_url) == ("", "http://localhost:11434/v1")


@pytest.mark.parametrize(
    "address", ["http://vllm:8000/v1", "https://[::1]:8443", "http://10.0.0.2"]
)
def test_a_server_may_be_anywhere(team: Team, address: str) -> None:
    assert credential_set(team=team, provider="openai", api_key="", base_url=address).base_url


@pytest.mark.parametrize(
    "address",
    [
        "localhost:11434",
        "ftp://example.org",
        "file:///etc/passwd",
        "http://",
        "http://:80",
        "http://[::1",
        "http://host:99999",
        "http://two words",
        "http://example.org\x00",
        "https://name:password@example.org",
        "https://example.org/v1?key=secret",
    ],
)
def test_what_is_no_address_of_a_server_is_refused(team: Team, address: str) -> None:
    with pytest.raises(AddressInvalid):
        credential_set(team=team, provider="openai", api_key="sk-1", base_url=address)


def test_nothing_at_all_is_no_credential(team: Team) -> None:
    with pytest.raises(CredentialEmpty):
        credential_set(team=team, provider="openai", api_key=" ")


def test_a_key_sealed_by_a_lost_installation_key_says_so(team: Team, settings: Settings) -> None:
    credential_set(team=team, provider="openai", api_key="sk-secret")
    settings.CREDENTIAL_KEYS = ["another"]
    with pytest.raises(CredentialUnreadable):
        credential_resolve(team=team, provider="openai")


class TestEnvironment:
    @pytest.fixture
    def owners(self, monkeypatch: pytest.MonkeyPatch) -> Team:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        owner = owner_create_first()
        assert owner is not None
        return owner.personal_team

    def test_it_serves_the_owners_team_of_an_embedded_installation(
        self, owners: Team, team: Team, settings: Settings
    ) -> None:
        settings.EMBEDDED = True
        found = credential_resolve(team=owners, provider="openai")
        assert found is not None
        assert (found.api_key, found.base_url) == ("sk-env", "http://127.0.0.1:9/v1")
        assert found.from_environment
        assert credential_resolve(team=owners, provider="openai", name="other") is None
        assert credential_resolve(team=owners, provider="anthropic") is None
        assert credential_resolve(team=team, provider="openai") is None
        settings.EMBEDDED = False
        assert credential_resolve(team=owners, provider="openai") is None

    def test_it_serves_any_team_where_the_caller_says_so(self, owners: Team, team: Team) -> None:
        found = credential_resolve(team=team, provider="openai", environment=True)
        assert found is not None
        assert found.api_key == "sk-env"

    def test_a_stored_credential_takes_its_place(self, owners: Team, settings: Settings) -> None:
        settings.EMBEDDED = True
        assert [known.provider for known in credentials_from_environment(team=owners)] == ["openai"]
        credential_set(team=owners, provider="openai", api_key="sk-own")
        found = credential_resolve(team=owners, provider="openai")
        assert found is not None
        assert (found.api_key, found.base_url) == ("sk-own", None)
        assert credentials_from_environment(team=owners) == []

    def test_the_tiers_follow_the_provider_there_is(self, owners: Team, settings: Settings) -> None:
        settings.EMBEDDED = True
        assert {model.provider for model in tiers_of(team=owners)} == {"openai"}


class TestTiers:
    def test_they_have_defaults_until_the_team_says_otherwise(self, team: Team) -> None:
        assert [model.tier for model in tiers_of(team=team)] == ["fast", "balanced", "best"]
        assert tier_resolve(team=team, tier="fast").provider == "anthropic"
        tier_set(team=team, tier="fast", provider="openai", model="llama", credential="ollama")
        chosen = tier_resolve(team=team, tier="fast")
        assert (chosen.provider, chosen.model, chosen.credential) == ("openai", "llama", "ollama")
        assert chosen.chosen
        assert not tier_resolve(team=team, tier="best").chosen
        tier_set(team=team, tier="fast", provider="anthropic", model="")
        assert not tier_resolve(team=team, tier="fast").chosen

    def test_another_provider_without_a_model_means_its_default(self, team: Team) -> None:
        tier_set(team=team, tier="fast", provider="openai", model="")
        assert tier_resolve(team=team, tier="fast").model == DEFAULTS["openai"]["fast"]

    def test_an_unknown_tier_is_an_error_that_names_the_tiers(self, team: Team) -> None:
        with pytest.raises(ValueError, match="fast, balanced, best"):
            tier_resolve(team=team, tier="huge")
        with pytest.raises(ValueError, match="fast, balanced, best"):
            tier_set(team=team, tier="huge", provider="openai", model="x")
