"""Routes of people and settings."""

from django.urls import path

from teams.views import entry, keys, models, team

app_name = "teams"
urlpatterns = [
    path("sign-in/<str:token>/", entry.sign_in_link, name="sign_in_link"),
    path("teams/choose/", entry.choose, name="choose"),
    path("settings/", team.team_settings, name="settings"),
    path("settings/rename/", team.rename, name="rename"),
    path("settings/models/", models.models, name="models"),
    path("settings/models/tiers/<str:tier>/", models.tier_save, name="tier"),
    path("settings/credentials/new/", models.credential_new, name="credential_new"),
    path("settings/credentials/<int:pk>/", models.credential_edit, name="credential"),
    path(
        "settings/credentials/<int:pk>/delete/", models.credential_remove, name="credential_delete"
    ),
    path("settings/credentials/<int:pk>/test/", models.credential_test, name="credential_test"),
    path("settings/keys/", keys.keys, name="keys"),
    path("settings/keys/<int:pk>/revoke/", keys.key_revoke, name="key_revoke"),
]
