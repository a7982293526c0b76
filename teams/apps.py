from typing import Any

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "teams"

    def ready(self) -> None:
        from allauth.account.signals import user_signed_up

        from teams.permissions import register

        register()
        user_signed_up.connect(_give_personal_team, dispatch_uid="personal team")


def _give_personal_team(user: Any, **_kwargs: Any) -> None:
    from teams.services import team_create_personal

    team_create_personal(user=user)
