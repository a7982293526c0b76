"""Logs: lines for a terminal in the embedded mode, JSON in production, secrets in neither."""

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_NAMES = re.compile(r"api_?key|authori[sz]ation|password|secret|cookie|token$", re.IGNORECASE)
# Keys of providers and of ours, bearer headers, passwords in addresses, one-time links.
SECRET_TEXTS = re.compile(
    r"\b(?:sk|cs)[-_][\w-]{8,}|(?<=bearer )[\w.-]+|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?<=/sign-in/)[\w-]+",
    re.IGNORECASE,
)
MASK = "…"
_TALKATIVE = ("httpx", "httpx2", "httpcore", "docker", "urllib3")

Event = MutableMapping[str, Any]


def mask_secrets(_logger: object, _method: str, event: Event) -> Event:
    """Replace what looks like a secret, by the name of its field or by its own look."""
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = SECRET_TEXTS.sub(MASK, value)
    return event


_shared: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    structlog.processors.UnicodeDecoder(),
    mask_secrets,
]


def configure_structlog() -> None:
    """Send structlog's events through the standard library's handlers."""
    structlog.configure(
        processors=[*_shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_settings(*, json: bool, level: str) -> dict[str, Any]:
    """Return Django's `LOGGING`: everything to stderr, as JSON or for a person's eyes."""
    if json:
        renderer: Any = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    renderer,
                ],
                "foreign_pre_chain": _shared,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would print everything a second time.
            "django": {"handlers": [], "level": level, "propagate": True},
            # Each request of the SDKs, with its address, at INFO.
            **{name: {"level": "WARNING"} for name in _TALKATIVE},
            # At a terminal, `serve` itself says where it listens.
            "daphne": {"level": level if json else "WARNING"},
        },
    }
