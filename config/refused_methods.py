"""Tells a program in its own language that a call of the REST API does not know a method."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse


class RefusedMethodMiddleware:
    """Gives a 405 of the API the shape of its other refusals; ninja answers it in plain text."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if response.status_code != 405 or not request.path.startswith("/api/"):
            return response
        allowed = response["Allow"]
        message = f"{request.method} is not answered here. This call knows {allowed}."
        error = {"message": message, "problems": []}
        return JsonResponse({"error": error}, status=405, headers={"Allow": allowed})
