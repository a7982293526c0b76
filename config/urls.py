"""Every route of the web app."""

from django.urls import URLPattern, URLResolver, include, path

from config.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("teams.urls")),
    path("", include("crews.urls")),
    path("", include("runs.urls")),
]
