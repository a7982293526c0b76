"""How the REST API reads bodies and tells errors; every router of the API is bound to it."""

from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from crews.errors import CrewError, StaleDraft
from crews.parse import DocumentRefused, Format, in_plain_words
from crews.problems import Problem, errors, problem
from crews.rest.shapes import CurrentDraft, ErrorOut, ErrorText, ProblemOut, StaleOut
from crews.strict_json import MAX_BYTES, Json, Refused, json_load

log = structlog.get_logger(__name__)
JSON_TYPES = frozenset({"application/json"})
YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})
# The answers that every operation may give.
REFUSALS: dict[Any, Any] = {401: ErrorOut, 403: ErrorOut, 404: ErrorOut}
BODY_REFUSALS: dict[Any, Any] = REFUSALS | {413: ErrorOut, 415: ErrorOut, 422: ErrorOut}
SIGNED_OUT = (
    "Say who you are: send 'Authorization: Bearer <API key>', or sign in; what changes something"
    " then needs the session's CSRF token (X-CSRFToken) as well."
)


class UnsupportedType(HttpError):
    def __init__(self, got: str, wanted: frozenset[str]) -> None:
        listed = ", ".join(sorted(wanted))
        super().__init__(415, f"A body of type '{got}' is not accepted here. Send {listed}.")


class StrictParser(Parser):
    """JSON bodies by the rules for JSON from strangers."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if (request.content_type or "") not in JSON_TYPES:
            raise UnsupportedType(request.content_type or "", JSON_TYPES)
        try:
            text = request.body.decode()
        except UnicodeDecodeError as error:
            raise Refused("It is not UTF-8 text.") from error
        value: Json = json_load(text)
        if not isinstance(value, dict):
            raise Refused("It is not an object.")
        return value


def document_body(request: HttpRequest) -> tuple[bytes, Format | None]:
    """Return the text of the document that is the body, and its format if that is known.

    Raises:
        UnsupportedType: the body is neither YAML nor JSON nor a form.
        DocumentRefused: the form has no file.
    """
    kind = request.content_type or ""
    if kind in JSON_TYPES:
        return request.body, "json"
    if kind in YAML_TYPES:
        return request.body, "yaml"
    if kind != "multipart/form-data":
        raise UnsupportedType(kind, JSON_TYPES | YAML_TYPES | {"multipart/form-data"})
    file = request.FILES.get("file")
    if file is None:
        text = "Send the document as the file 'file' of the form."
        raise DocumentRefused([problem("", text)])
    return file.read(MAX_BYTES + 1), None  # one more is refused as too large


def handlers_add(api: NinjaAPI) -> None:
    """Give every refusal of an API the one shape: `{"error": {"message", "problems"}}`."""

    def handle(request: HttpRequest, error: Any) -> HttpResponse:
        status, body = refusal_of(error)
        response: HttpResponse = api.create_response(request, body.model_dump(), status=status)
        if status == 503:
            log.error("database_away", error=str(error), path=request.path)
            response["Retry-After"] = "5"
        return response

    for kind in (
        HttpError,
        ValidationError,
        DocumentRefused,
        CrewError,
        Http404,
        PermissionDenied,
        RequestDataTooBig,
        SuspiciousOperation,
        MultiPartParserError,
        OperationalError,
    ):
        api.add_exception_handler(kind, handle)


def refusal_of(error: Exception) -> tuple[int, ErrorOut]:
    """Return the status and the body that tell an error."""
    match error:
        case HttpError():
            return _http_refusal(error)
        case ValidationError():
            found = [_problem(item) for item in error.errors]
            return 422, error_body(f"The request does not fit. {found[0]}", found)
        case DocumentRefused():
            many = len(errors(error.problems))
            text = f"The document has {many} errors." if many > 1 else str(error)
            return 422, error_body(text, error.problems)
        case StaleDraft():
            return 409, _stale(error)
        case CrewError():
            return 422, error_body(str(error), getattr(error, "problems", []))
        case PermissionDenied():
            return 403, error_body(str(error) or "Your role in the team does not allow this.")
        case RequestDataTooBig():
            return 413, error_body("The body is too large for this server.")
        case SuspiciousOperation() | MultiPartParserError():
            return 400, error_body("The form could not be read.")
        case OperationalError():
            return 503, error_body("The database does not answer just now. Try again.")
        case _:
            return 404, error_body("There is nothing here, or it is not yours.")


def _http_refusal(error: HttpError) -> tuple[int, ErrorOut]:
    match error.__cause__:  # ninja wraps what its parser raises
        case HttpError() as cause:
            return _http_refusal(cause)
        case Refused() as cause:
            found = [problem(cause.where, str(cause))]
            return 422, error_body(f"The body was refused. {cause}", found)
    text = SIGNED_OUT if error.status_code == 401 else error.message
    return error.status_code, error_body(text)


def _stale(error: StaleDraft) -> StaleOut:
    current = CurrentDraft(
        revision=error.current_revision,
        document=error.current_document,
        saved_by=error.saved_by,
        saved_at=error.saved_at,
    )
    return StaleOut(error=ErrorText(message=str(error)), current=current)


def error_body(message: str, found: list[Problem] | None = None) -> ErrorOut:
    return ErrorOut(error=ErrorText(message=message, problems=ProblemOut.of(found or [])))


def _problem(item: dict[str, Any]) -> Problem:
    """Translate an error of ninja: its place starts with where it was (body, query, path)."""
    where, *rest = [str(part) for part in item["loc"]]
    path = ".".join(rest[1:] if where == "body" else rest)
    return problem(path, in_plain_words(item["type"], rest[-1] if rest else where, item["msg"]))
