"""Provider keys at rest."""

import pytest
from pytest_django import Settings

from teams.errors import CredentialUnreadable
from teams.vault import seal, unseal


def test_a_sealed_key_hides_its_text_and_comes_back(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = ["first"]
    sealed = seal("sk-secret")
    assert "sk-secret" not in sealed
    assert seal("sk-secret") != sealed
    assert unseal(sealed) == "sk-secret"


def test_an_older_key_still_opens_what_it_sealed(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = ["old"]
    sealed = seal("sk-secret")
    settings.CREDENTIAL_KEYS = ["new", "old"]
    assert unseal(sealed) == "sk-secret"
    settings.CREDENTIAL_KEYS = ["new"]
    with pytest.raises(CredentialUnreadable):
        unseal(sealed)


def test_no_key_stays_no_key() -> None:
    assert seal("") == "" == unseal("")
