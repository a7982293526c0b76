"""Secrets that a server or a program repeats are kept out of journals and pages."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

Json = Any
MASK = "[credential]"
LEAST = 6
# What stands for a key where a server asks for any: a short word or two.
_WORD = re.compile(r"[a-z_-]{,11}")


def secrets_of(values: Iterable[str]) -> list[str]:
    """Return the values that are no common words, the longest first."""
    found = {value for value in values if len(value) >= LEAST and not _WORD.fullmatch(value)}
    return sorted(found, key=len, reverse=True)


def without(secrets: Sequence[str], value: Json) -> Json:
    """Return a text, or any JSON value, without the secrets in it."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
    elif isinstance(value, dict):
        return {without(secrets, name): without(secrets, part) for name, part in value.items()}
    elif isinstance(value, list):
        return [without(secrets, part) for part in value]
    return value


class Masking:
    """Keeps one secret out of a text that comes in pieces."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secret = next(iter(secrets), "")
        self._held = ""

    def piece(self, text: str) -> str:
        """Return what may be shown after the next piece: what could be the beginning of the secret
        is held back."""
        if not self._secret:
            return text
        text = (self._held + text).replace(self._secret, MASK)
        end = len(text) - self._begun(text)
        self._held = text[end:]
        return text[:end]

    def _begun(self, text: str) -> int:
        """Return how many characters at the end of a text are those that the secret begins with."""
        start = max(0, len(text) - len(self._secret) + 1)
        while (start := text.find(self._secret[0], start)) >= 0:
            if self._secret.startswith(text[start:]):
                return len(text) - start
            start += 1
        return 0
