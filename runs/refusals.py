"""How the REST API tells what the services of runs refuse."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from runs.errors import BadRequest


def runs_handlers_add(api: NinjaAPI) -> None:
    """Answer a BadRequest with its status and the one shape of errors."""

    @api.exception_handler(BadRequest)
    def refuse(request: HttpRequest, error: Any) -> HttpResponse:
        body = {"error": {"message": str(error), "problems": error.problems}}
        response: HttpResponse = api.create_response(request, body, status=error.status)
        return response
