"""Answers HEAD wherever GET is answered, as HTTP asks of every server."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase


class HeadMiddleware:
    """Hands HEAD on as GET; the server, which knows what was asked, sends the headers alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "HEAD":
            request.method = "GET"
        return self._get_response(request)
