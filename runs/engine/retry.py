"""What a failure means: how the journal tells it, and whether and when to try again."""

import random
from decimal import Decimal
from typing import Any

from runs.errors import ActionError

Json = Any
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
LONGEST_RETRY_AFTER_S = 120.0


def describe(failure: Exception, *, role: str = "") -> dict[str, Json]:
    """Return what the journal says of a failure: `kind`, `message`, and where known `advice`,
    `role`, `provider`, `host` and `status`. Never a secret, never a traceback."""
    if isinstance(failure, ActionError):
        return failure.error
    error = {
        "kind": getattr(failure, "kind", type(failure).__name__),
        "message": str(failure),
        "role": role,
    }
    for name in ("advice", "provider", "host", "status", "partial_text"):
        if value := getattr(failure, name, None):
            error[name] = value
    return error


def delay(failure: Exception, attempt: int) -> float | None:
    """Return the seconds to wait before the next attempt, or None where none can help.

    Doubling waits with full jitter (Brooker, "Exponential Backoff And Jitter"), or what the
    server asked for. The wait is journaled with the failure.
    """
    if getattr(failure, "permanent", True):
        return None
    asked = getattr(failure, "retry_after_s", None)
    if asked is not None:
        return round(float(asked), 3) if asked <= LONGEST_RETRY_AFTER_S else None
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt)
    return round(random.uniform(FIRST_WAIT_S / 2, ceiling), 3)  # noqa: S311


def tokens(usage: dict[str, int] | None) -> int:
    """Return the tokens of a journaled usage, input and output together."""
    return 0 if usage is None else usage.get("input_tokens", 0) + usage.get("output_tokens", 0)


def spent(failure: Exception) -> tuple[dict[str, int] | None, Decimal | None]:
    """Return the usage and cost of a failed call, where its provider told them."""
    usage = getattr(failure, "usage", None)
    return (None if usage is None else usage.model_dump()), getattr(failure, "cost_usd", None)
