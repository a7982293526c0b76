"""Where django-allauth asks us: who may sign up, and how the secrets of second factors are kept."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from teams.models import User
from teams.vault import seal, unseal


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Follow ``CALLSHEET_SIGN_UP``."""
        return bool(settings.SIGN_UP_OPEN)

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """Do nothing: people have no user name."""

    def get_user_search_fields(self) -> list[str]:
        return ["email", "name"]


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)
