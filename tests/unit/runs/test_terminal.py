"""What a command prints on its way to viewers: in order, bounded, without its credentials."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

from django.conf import settings

from runs.engine.terminal import Terminal

Json = Any
SECRET = "sk-agent-0123456789abcdef"


def shown(print_to: Callable[[Terminal], None], *, until: str, secrets: list[str]) -> list[Json]:
    """Return the messages that a viewer's server gets, up to one with a text in it."""
    address = settings.DATA_DIR / "doorbell.sock"
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(address))
        server.setblocking(False)

        async def listen() -> list[Json]:
            terminal = Terminal("run", "action", secrets)
            print_to(terminal)
            loop = asyncio.get_running_loop()
            heard: list[Json] = []
            async with asyncio.timeout(10):
                while until not in "".join(message["text"] for message in heard):
                    heard.append(json.loads(await loop.sock_recv(server, 1 << 16)))
            terminal.close()
            return heard

        try:
            return asyncio.run(listen())
        finally:
            address.unlink()


def text_of(heard: list[Json], stream: str) -> str:
    return "".join(message["text"] for message in heard if message["stream"] == stream)


def test_streams_are_told_apart_and_characters_stay_whole() -> None:
    def print_to(terminal: Terminal) -> None:
        for byte in "né\n".encode():
            terminal.output("stdout", bytes([byte]))
        terminal.output("stderr", b"\xff oh\n")

    heard = shown(print_to, until="oh", secrets=[])
    assert text_of(heard, "stdout") == "né\n"
    assert text_of(heard, "stderr") == "\ufffd oh\n"
    assert {message["action"] for message in heard} == {"action"}


def test_a_credential_in_two_pieces_is_not_shown() -> None:
    def print_to(terminal: Terminal) -> None:
        terminal.output("stdout", f"key {SECRET[:10]}".encode())
        terminal.output("stdout", f"{SECRET[10:]} end{'.' * 40}".encode())

    heard = shown(print_to, until="end", secrets=[SECRET])
    assert "key [credential] end" in text_of(heard, "stdout")
    assert SECRET[:10] not in text_of(heard, "stdout")


def test_of_a_flood_the_end_is_shown() -> None:
    def print_to(terminal: Terminal) -> None:
        for _ in range(100):
            terminal.output("stdout", b"y\n" * 32_768)
        terminal.output("stdout", b"last\n")

    heard = shown(print_to, until="last", secrets=[])
    assert len(text_of(heard, "stdout")) < 10_000
    assert "characters not shown" in heard[0]["text"]
