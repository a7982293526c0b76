"""A fake model server in a process of its own, with the answers that the benchmarks play."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

LATENCY_MS = 200
WORKERS = 8


@dataclass(frozen=True)
class ModelProcess:
    url: str

    def count(self) -> int:
        return int(self._ask("/_count"))

    def plan(self, rules: list[dict[str, Any]]) -> None:
        self._ask("/_plan", json.dumps(rules).encode())

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        with urllib.request.urlopen(self.url + path, data=body, timeout=10) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def model_server() -> Iterator[ModelProcess]:
    """Run the server: texts with 'slow' or 'delegate' are answered after 200 ms, others at once."""
    argv = [sys.executable, "-m", "tests.fakes.model_server", "--port", "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        server = ModelProcess(url)
        server.plan(_rules())
        try:
            yield server
        finally:
            process.terminate()


def _rules() -> list[dict[str, Any]]:
    calls = [
        {
            "name": "delegate_to_agent",
            "arguments": {"agent_name": f"worker{n}", "task": "delegated"},
        }
        for n in range(WORKERS)
    ]
    return [
        {
            "contains": "result of delegated",
            "latency_ms": LATENCY_MS,
            "reply": {"text": "all done"},
        },
        {
            "contains": "delegated",
            "latency_ms": LATENCY_MS,
            "reply": {"text": "result of delegated work"},
        },
        {
            "contains": "delegate",
            "latency_ms": LATENCY_MS,
            "reply": {"text": "", "tool_calls": calls},
        },
        {"contains": "slow", "latency_ms": LATENCY_MS, "reply": {"text": "slow work is done"}},
        {"reply": {"text": "ok"}},
    ]
