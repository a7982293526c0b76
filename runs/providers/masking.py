"""An API key that a server repeats is kept out of answers: they stand in journals and on pages."""

from runs.providers.base import ModelReply

MASK = "[key]"
# What is shorter, or a word, is a placeholder for servers that ask for any key.
LONG, LEAST = 20, 8


class Masking:
    """Keeps one key out of an answer, also where it comes in pieces."""

    def __init__(self, api_key: str) -> None:
        real = len(api_key) >= LONG or (
            len(api_key) >= LEAST and any(character.isdigit() for character in api_key)
        )
        self._key = api_key if real else ""
        self._held = ""

    def piece(self, text: str) -> str:
        """Return what may be shown after the next piece of text: what could be the beginning of the
        key is held back."""
        if not self._key:
            return text
        text = (self._held + text).replace(self._key, MASK)
        end = len(text) - self._begun(text)
        self._held = text[end:]
        return text[:end]

    def reply(self, reply: ModelReply) -> ModelReply:
        if not self._key:
            return reply
        told = reply.model_dump_json()
        if self._key not in told:
            return reply
        return ModelReply.model_validate_json(told.replace(self._key, MASK))

    def _begun(self, text: str) -> int:
        """Return how many characters at the end of a text are those that the key begins with."""
        start = max(0, len(text) - len(self._key) + 1)
        while (start := text.find(self._key[0], start)) >= 0:
            if self._key.startswith(text[start:]):
                return len(text) - start
            start += 1
        return 0
