"""How long a server asks to wait before it is called again, in the ways in which servers say it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_PART = r"(\d+(?:\.\d+)?) ?(milliseconds?|ms|minutes?|m|seconds?|s|hours?|h)(?![a-z])"
_AGAIN = re.compile(rf"(?:try again|retry) (?:in|after) ((?:{_PART}[ ,]*)+)")
_UNITS = {"ms": 0.001, "mil": 0.001, "m": 60.0, "s": 1.0, "h": 3600.0}
# from here on a number of seconds, or of milliseconds, is a point in time
_EPOCH, _EPOCH_MS = 1e9, 1e12


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after` (seconds or an HTTP date), else None."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            seconds = float(value) * unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        return _until(parsedate_to_datetime(headers.get("retry-after", "")))
    except (TypeError, ValueError):
        return None


def limit_reset(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds until a rate limit lets calls through again, else None: by the headers of the limits
    that have nothing left (`x-ratelimit-remaining-requests: 0` and `x-ratelimit-reset-requests`,
    `anthropic-ratelimit-requests-remaining` and `…-reset`), or by what the message says."""
    waits = [
        _reset(headers.get(name.lower().replace("remaining", "reset"), ""))
        for name, value in headers.items()
        if "ratelimit" in name.lower() and "remaining" in name.lower() and value.strip() == "0"
    ]
    if known := [wait for wait in waits if wait]:
        return max(known)
    told = _AGAIN.search(message[:4000].lower())
    return _duration(told[1]) if told else None


def _reset(value: str) -> float | None:
    """Seconds by a number of them (`12`), a duration (`6m0s`) or a time (ISO, or since 1970)."""
    value = value.strip().lower()
    try:
        seconds = float(value)
    except ValueError:
        try:
            return _until(datetime.fromisoformat(value.upper()))
        except ValueError:
            return _duration(value)
    if not 0 <= seconds < _EPOCH_MS * 10:
        return None
    if seconds < _EPOCH:
        return seconds
    return _until(datetime.fromtimestamp(seconds / (1000 if seconds >= _EPOCH_MS else 1), UTC))


def _duration(text: str) -> float | None:
    parts = re.findall(_PART, text)
    unit = (_UNITS.get(name[:3]) or _UNITS.get(name[:2]) or _UNITS[name[0]] for _, name in parts)
    return sum(float(n) * each for (n, _), each in zip(parts, unit, strict=True)) or None


def _until(moment: datetime) -> float:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
