"""Everything that can go wrong with a model call, as types with one piece of advice each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from runs.providers.base import Json, ProviderError
from runs.providers.waits import limit_reset, retry_after

MAX_CAUSE = 400
# Of so many characters on, a part of a key is kept out as well.
PART = 10
_KEY_LIKE = re.compile(
    r"\b(?:sk|rk|gsk|xai)-[\w*.\-]{8,}|\bAIza[\w\-]{20,}|[\w\-]*\*{3,}[\w\-]*|(?i:bearer\s+)\S+"
)
# of a model without tools, or a server that was started without them
_NO_TOOLS = ("not support tools", "support tool use", "tool choice requires", "function calling")


class BadKey(ProviderError):
    """The server refused the API key."""

    kind = "bad_key"
    permanent = True
    advice = "Put a valid API key into the team's credentials."


class UnknownModel(ProviderError):
    """The server does not offer this model."""

    kind = "unknown_model"
    permanent = True
    advice = "Choose another model for the role, or check the spelling of its name."


class WrongAddress(ProviderError):
    """The address answers, but not as a model server."""

    kind = "wrong_address"
    permanent = True
    advice = "Check the base URL of the credential; for OpenAI-compatible servers it ends in /v1."


class RateLimited(ProviderError):
    """The server takes no more calls for now."""

    kind = "rate_limited"
    advice = "Wait a moment, or let fewer roles call this model at once."


class QuotaExceeded(ProviderError):
    """The account behind the API key has no credit left."""

    kind = "quota_exceeded"
    permanent = True
    advice = "Add credit to the provider account, or use another credential."


class Overloaded(ProviderError):
    """The server is overloaded or broken at the moment."""

    kind = "overloaded"
    advice = "Try again in a minute, or give the role a fallback model."


class DeadlineExceeded(ProviderError):
    """The answer was not complete in time."""

    kind = "deadline_exceeded"
    advice = "Give the role more seconds, a smaller max_tokens or a faster model."


class Unreachable(ProviderError):
    """No connection to the server."""

    kind = "unreachable"
    advice = "Check that the server runs and that the base URL of the credential is right."


class CutStream(ProviderError):
    """The connection broke in the middle of the answer."""

    kind = "cut_stream"
    advice = "Try again; if it repeats, look at the server's log or the proxy between."


class MalformedAnswer(ProviderError):
    """The server sent something that is no model answer."""

    kind = "malformed_answer"
    advice = "Try again; if it repeats, check that the server speaks this provider's protocol."


class Refusal(ProviderError):
    """The model refused to answer."""

    kind = "refusal"
    permanent = True
    advice = "Rephrase the role's instructions or the task, or choose another model."


class BadRequest(ProviderError):
    """The server rejected the request."""

    kind = "bad_request"
    permanent = True
    advice = "Change the setting of the role that the message names."


class ContextTooLong(BadRequest):
    """The conversation is longer than the model can take."""

    kind = "context_too_long"
    advice = "Shorten the role's inputs or its max_tokens, or choose a model with a larger context."


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Who was called: for naming it in errors, and for keeping its key out of them."""

    provider: str
    host: str
    api_key: str = ""

    def error(self, kind: type[ProviderError], cause: str = "", **facts: Json) -> ProviderError:
        clean = plain(cause, self.api_key)
        return kind(clean, provider=self.provider, host=self.host, **facts)


def plain(text: str, secret: str = "") -> str:
    """One short printable line of `text`, without the secret or anything that looks like one."""
    if len(secret) >= 4:
        text = text.replace(secret, "[key]")
    for start in range(len(secret) - PART + 1):
        text = text.replace(secret[start : start + PART], "[key]")
    text = _KEY_LIKE.sub("[key]", text[: 4 * MAX_CAUSE])
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_CAUSE else line[: MAX_CAUSE - 1] + "…"


def said(body: Json) -> tuple[str, str]:
    """The message and the machine-readable codes of an error body, in any of the forms in use.

    OpenAI and vLLM: `{"error": {"message", "type", "code"}}`; Anthropic the same inside
    `{"type": "error"}`; Google the same inside a list; Ollama `{"error": "text"}`; FastAPI
    `{"detail": …}`.
    """
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, Mapping):
        return (body, "") if isinstance(body, str) else ("", "")
    error = body.get("error", body)
    if isinstance(error, str):
        return error, ""
    if not isinstance(error, Mapping):
        return "", ""
    message = error.get("message") or error.get("detail") or ""
    codes = (error.get(name) for name in ("type", "code", "param", "status"))
    return (
        message if isinstance(message, str) else str(message),
        " ".join(str(code) for code in codes if code is not None),
    )


def error_from_status(
    peer: Peer, status: int, body: Json, headers: Mapping[str, str], *, model: str
) -> ProviderError:
    """The typed error for an HTTP answer that is no success."""
    message, codes = said(body)
    if status == 200 and (told := re.search(r"\b[45]\d\d\b", codes)):
        status = int(told[0])  # an error inside a stream, with the status that it would have had
    if "<html" in message[:500].lower() or "<!doctype" in message[:500].lower():
        message = ""
    kind = classify(status, message, codes, structured=isinstance(body, Mapping))
    cause = message or f"The server answered with status {status}."
    if kind is BadKey:
        cause = _bad_key_cause(status, message)
    elif kind is UnknownModel:
        cause = f"The server does not offer the model {model!r}: {cause}"
    elif kind is WrongAddress:
        place = headers.get("location", "").partition("?")[0]
        cause = f"The server redirects to {place}." if place else cause
    wait = retry_after(headers)
    if wait is None and kind is RateLimited:
        wait = limit_reset(headers, message)
    error = peer.error(kind, cause, status=status, retry_after_s=wait)
    if any(words in message for words in _NO_TOOLS):
        error.advice = "Choose a model that can call tools, or set delegation to tags."
    return error


def classify(
    status: int, message: str, codes: str, *, structured: bool = True
) -> type[ProviderError]:
    """The kind of error; `status` is 200 for an error that came inside a stream."""
    text, codes = message.lower(), codes.lower()
    return (
        _by_words(status, text, codes)
        or _by_status(status, structured and "model" in text + codes)
        or _by_codes(codes)
    )


def _by_words(status: int, text: str, codes: str) -> type[ProviderError] | None:
    """What the words of the error say more exactly than its status."""
    if any(word in codes for word in ("insufficient_quota", "current_quota", "billing")):
        return QuotaExceeded
    if "credit balance" in text:
        return QuotaExceeded
    if "exceeded your current quota" in text and "retry in" not in text:  # Google's by the minute
        return QuotaExceeded
    if "content_filter" in codes or "content filtering policy" in text:
        return Refusal
    if "tool_use_failed" in codes or "json_validate_failed" in codes:
        return MalformedAnswer  # the server could not read what the model wrote
    if status in (200, 400, 413, 422, 500) and _names_context(text, codes):
        return ContextTooLong
    if status < 500 and ("model_not_found" in codes or _names_no_model(text)):
        return UnknownModel
    return None


def _names_no_model(text: str) -> bool:
    return "invalid model" in text or "no endpoints found" in text


def _by_status(status: int, names_model: bool) -> type[ProviderError] | None:
    exact: dict[int, type[ProviderError]] = {
        401: BadKey,
        402: QuotaExceeded,
        403: BadKey,
        404: UnknownModel if names_model else WrongAddress,
        405: WrongAddress,
        408: Overloaded,
        409: Overloaded,
        429: RateLimited,
    }
    if status in exact:
        return exact[status]
    if status >= 500:
        return Overloaded
    if status >= 400:
        return BadRequest
    return WrongAddress if status >= 300 else None


def _by_codes(codes: str) -> type[ProviderError]:
    """The kind of an error inside a stream, whose status was 200."""
    kinds: tuple[tuple[str, type[ProviderError]], ...] = (
        ("authentication", BadKey),
        ("permission", BadKey),
        ("rate_limit", RateLimited),
        ("resource_exhausted", RateLimited),
        ("overloaded", Overloaded),
        ("unavailable", Overloaded),  # Google
        ("timeout", Overloaded),
        ("server_error", Overloaded),
        ("api_error", Overloaded),
        ("not_found", UnknownModel),
        ("invalid_request", BadRequest),
    )
    return next((kind for code, kind in kinds if code in codes), MalformedAnswer)


def _names_context(text: str, codes: str) -> bool:
    if "context_length" in codes or "request_too_large" in codes or "exceed_context" in codes:
        return True
    phrases = (
        "prompt is too long",
        "maximum context length",
        "context length",
        "context window",
        "context size",
        "too many tokens",
        "input is too long",
    )
    return any(phrase in text for phrase in phrases)


def _bad_key_cause(status: int, message: str) -> str:
    if status == 403 and message:
        return f"The server does not allow this with the credential's API key: {message}"
    return f"The server refused the API key (status {status})."
