"""Every route of the web app."""

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from config.api import api
from runs.metrics import metrics


@csrf_exempt  # it does nothing, and a program would get a page instead of the answer
def no_such_call(request: HttpRequest) -> JsonResponse:
    """Tell a program in its own language that the REST API has no such path."""
    message = f"There is no call {request.path}; see /api/v1/openapi.json."
    return JsonResponse({"error": {"message": message, "problems": []}}, status=404)


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    re_path(r"^api/", no_such_call),
    path("metrics", metrics),
    path("accounts/", include("allauth.urls")),
    path("", include("teams.urls")),
    path("", include("crews.urls")),
    path("", include("resources.urls")),
    path("", include("runs.urls")),
]
