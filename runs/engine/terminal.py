"""What a running command prints, shown to viewers as it comes. It is not kept: the journal has the
command's whole output once it has ended."""

import asyncio
import codecs
from collections.abc import Sequence

from runs.journal import doorbell
from runs.masking import without
from sandbox.api import Stream

SEND_S = 0.08
# So many characters of each stream are sent at a time; of a flood, the end.
MOST = 8_000
PIECE = 4_000


class Terminal:
    """Gathers a command's output and sends it a few times a second, each stream by itself."""

    def __init__(self, run: str, action: str, secrets: Sequence[str] = ()) -> None:
        self._run = run
        self._action = action
        self._streams: dict[Stream, _Stream] = {
            "stdout": _Stream(secrets),
            "stderr": _Stream(secrets),
        }
        self._due: asyncio.TimerHandle | None = None

    def output(self, stream: Stream, data: bytes) -> None:
        """Take a piece of output, as it comes from the sandbox."""
        self._streams[stream].add(data)
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(SEND_S, self._send)

    def close(self) -> None:
        """Send nothing any more; the journal's entry follows."""
        if self._due is not None:
            self._due.cancel()

    def _send(self) -> None:
        self._due = None
        for name, stream in self._streams.items():
            text = stream.take()
            for start in range(0, len(text), PIECE):
                piece = text[start : start + PIECE]
                doorbell.ring_delta(self._run, self._action, piece, stream=name)


class _Stream:
    def __init__(self, secrets: Sequence[str]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._secrets = secrets
        # The beginning of a secret may be at the end of a piece, so that much is held back.
        self._held = max((len(secret) for secret in secrets), default=1) - 1
        self._text = ""
        self._dropped = 0

    def add(self, data: bytes) -> None:
        self._text += self._decoder.decode(data)
        self._text = without(self._secrets, self._text)
        if len(self._text) > 2 * MOST:
            self._dropped += len(self._text) - MOST
            self._text = self._text[-MOST:]

    def take(self) -> str:
        end = len(self._text) - self._held
        if end <= 0:
            return ""
        text, self._text = self._text[:end], self._text[end:]
        if len(text) > MOST:
            self._dropped += len(text) - MOST
            text = text[-MOST:]
        if self._dropped:
            text = f"\n… {self._dropped} characters not shown …\n{text}"
            self._dropped = 0
        return text
