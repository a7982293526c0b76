"""Connections to services inside a sandbox that has no network."""

import asyncio

import pytest

from sandbox import tunnels
from sandbox.errors import SandboxLost, SpecRefused, TunnelRefused
from sandbox.live import LiveSandbox
from tests.integration.sandbox.conftest import until

ECHO = """
import socket, threading
def serve(one):
    while data := one.recv(65536): one.sendall(data)
    one.shutdown(socket.SHUT_WR)
listener = socket.create_server(("127.0.0.1", 7000))
while True: threading.Thread(target=serve, args=(listener.accept()[0],)).start()
"""
SILENT = "import socket\ns = socket.create_server(('::1', 7000), family=socket.AF_INET6)\n" + (
    "kept = []\nwhile True: kept.append(s.accept())"
)
FLOOD = """
import socket
one = socket.create_server(("127.0.0.1", 7000)).accept()[0]
while True: one.sendall(b"x" * 100000)
"""


async def serve(box: LiveSandbox, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    await box.start(["python3", "-c", source])
    opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def listens() -> bool:
        try:
            opened.append(await box.open_tunnel(7000))
        except TunnelRefused:
            return False
        return True

    await until(listens)
    return opened[0]


async def test_bytes_go_both_ways(box: LiveSandbox):
    reader, writer = await serve(box, ECHO)
    data = bytes(range(256)) * 20_000

    async def send() -> None:
        writer.write(data)
        await writer.drain()
        writer.write_eof()

    sending = asyncio.create_task(send())
    assert await reader.read(-1) == data
    await sending
    writer.close()


async def test_many_connections_at_once(box: LiveSandbox):
    _, first = await serve(box, ECHO)
    first.close()

    async def talk(number: int) -> bool:
        reader, writer = await box.open_tunnel(7000)
        said = f"number {number}\n".encode()
        writer.write(said)
        heard = await reader.readline()
        writer.close()
        return heard == said

    assert all(await asyncio.gather(*(talk(number) for number in range(20))))


async def test_a_silent_server_blocks_nobody(box: LiveSandbox):
    reader, writer = await serve(box, SILENT)
    writer.write(b"x" * (4 << 20))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await reader.read(1)
    assert (await box.run(["true"])).ok
    writer.close()


@pytest.mark.parametrize("sent", [b"hello", b"x" * 400_000], ids=["little", "much"])
async def test_a_service_that_never_closes_keeps_no_connection(box: LiveSandbox, sent: bytes):
    (await serve(box, SILENT))[1].close()
    others = set(tunnels._pumps)
    _, writer = await tunnels.open_tunnel(box._channel, 7000, owed_s=0.2)
    writer.write(sent)
    writer.close()

    async def ended() -> bool:
        return tunnels._pumps <= others

    await until(ended)


async def test_an_endless_stream_waits_for_its_reader(box: LiveSandbox):
    reader, writer = await serve(box, FLOOD)
    await asyncio.sleep(0.5)
    assert (await box.metrics()).memory_bytes < 60 << 20
    assert await reader.readexactly(3 << 20) == b"x" * (3 << 20)
    assert (await box.run(["true"])).ok
    writer.close()


async def test_a_tunnel_ends_with_its_service_and_its_sandbox(box: LiveSandbox):
    reader, first = await serve(box, ECHO)
    (process_id,) = await box.processes()
    await box.process(process_id).kill()
    async with asyncio.timeout(3):
        assert await reader.read() == b""
    reader, second = await serve(box, ECHO)
    await box.kill()
    async with asyncio.timeout(3):
        assert await reader.read() == b""
    with pytest.raises(SandboxLost):
        await box.open_tunnel(7000)
    first.close()
    second.close()


async def test_closed_and_impossible_ports_are_refused(box: LiveSandbox):
    with pytest.raises(TunnelRefused):
        await box.open_tunnel(9)
    with pytest.raises(SpecRefused):
        await box.open_tunnel(70_000)
