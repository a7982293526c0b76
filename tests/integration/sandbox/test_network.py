"""Programs of a sandbox reach the hosts on its list, by names that the controller looks up, and
nothing else."""

import asyncio
import io
import ssl
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sandbox.addresses import is_public
from sandbox.api import ExecResult, SandboxSpec
from sandbox.docker_driver import DockerDriver
from sandbox.errors import SpecRefused
from sandbox.live import LiveSandbox
from sandbox.pool import PooledDriver
from sandbox.proxy import Outside
from sandbox.splice import Pair
from tests.integration.providers.certificate import self_signed
from tests.integration.sandbox.conftest import INSTANCE, until

ALLOWED = ("files.example.org", "*.wild.example.org")
FETCH = """
import sys, urllib.request
for url in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(url, timeout=10).read().decode())
    except Exception as problem:
        print(type(problem).__name__, problem, getattr(problem, "read", bytes)().decode().strip())
"""
# Sends what it is given to the proxy and prints what comes back.
RAW = """
import socket, sys
one = socket.create_connection(("127.0.0.1", 3128))
for piece in sys.argv[1:]:
    one.sendall(piece.encode().decode("unicode_escape").encode("latin-1"))
one.settimeout(10)
said = b""
try:
    while data := one.recv(65536): said += data
except OSError: pass
print(said.decode("latin-1"))
"""
TLS = """
import socket, ssl, sys
context = ssl.create_default_context(); context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
for host, named in zip(sys.argv[1::2], sys.argv[2::2]):
    one = socket.create_connection(("127.0.0.1", 3128))
    one.sendall(f"CONNECT {host}:443 HTTP/1.1\\r\\nHost: {host}:443\\r\\n\\r\\n".encode())
    print(one.recv(100).decode().split("\\r")[0])
    try:
        with context.wrap_socket(one, server_hostname=named) as safe:
            safe.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            print(safe.recv(65536).decode().split("\\r\\n\\r\\n")[1])
    except OSError as problem:
        print("cut off", type(problem).__name__)
"""


@dataclass
class World:
    """An internet of two servers, one of them with TLS. `asked` is what they were asked."""

    names: dict[str, list[str]] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)
    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    reached: list[tuple[str, int]] = field(default_factory=list)

    async def resolve(self, name: str) -> list[str]:
        return self.names.get(name, [])

    async def connect(self, address: str, port: int) -> Pair:
        """Connect to what stands for an address that everybody may reach."""
        self.reached.append((address, port))
        return await asyncio.open_connection("127.0.0.1", self.ports[port])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        self.asked.append(head.decode())
        line = head.decode().splitlines()[0]
        body = self.pages.get(line.split(" ")[1], f"answer to {line}".encode())
        if b"/endless" in head:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"x" * 65536)
                try:
                    await writer.drain()
                except ConnectionError:
                    return
        kind = "text/html" if line.split(" ")[1].endswith("/") else "application/octet-stream"
        fields = f"Content-Type: {kind}\r\nContent-Length: {len(body)}"
        writer.write(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World()
    for name in ("files.example.org", "a.wild.example.org", "other.example.org"):
        made.names[name] = ["93.184.215.14"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    plain = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    safe = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    made.ports = {80: plain.sockets[0].getsockname()[1], 443: safe.sockets[0].getsockname()[1]}
    yield made
    plain.close()
    safe.close()


Run = Callable[..., Awaitable[ExecResult]]


@pytest.fixture
async def networked(docker_client: Any, world: World) -> AsyncIterator[DockerDriver]:
    outside = Outside(resolve=world.resolve, permit=is_public, connect=world.connect)
    driver = DockerDriver(instance=f"{INSTANCE}-{uuid4().hex}", outside=outside)
    yield driver
    for info in await driver.list():
        await driver.remove(info.id)
    await driver.close()


@pytest.fixture
async def box(networked: DockerDriver) -> LiveSandbox:
    return await networked.create(SandboxSpec(image="minimal", network=ALLOWED, timeout_s=40))


async def run(box: LiveSandbox, program: str, *arguments: str) -> ExecResult:
    return await box.run(["python3", "-c", program, *arguments])


def told(result: ExecResult) -> list[tuple[str, int, bool]]:
    return [(one.host, one.port, bool(one.refused)) for one in result.network]


async def test_listed_hosts_are_reached_and_others_refused(box: LiveSandbox, world: World):
    result = await run(
        box,
        FETCH,
        "http://files.example.org/a?b=1",
        "http://A.Wild.example.org./",
        "http://other.example.org/",
        "http://wild.example.org/",
    )
    said = result.stdout.decode().splitlines()
    assert said[0] == "answer to GET /a?b=1 HTTP/1.1"
    assert said[1] == "answer to GET / HTTP/1.1"
    assert "other.example.org is not one of the hosts" in said[2]
    assert "files.example.org, *.wild.example.org" in said[2]
    assert [host for host, _, refused in told(result) if refused] == [
        "other.example.org",
        "wild.example.org",
    ]
    first = result.network[0]
    assert (first.host, first.port, first.received) == ("files.example.org", 80, len(said[0]))
    assert world.reached == [("93.184.215.14", 80)] * 2
    assert "host: files.example.org\r\n" in world.asked[0]
    assert (await box.run(["true"])).network == ()


async def test_pip_installs_from_a_listed_host(networked: DockerDriver, world: World):
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "print('tiny works')")
        archive.writestr(
            "tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
        )
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    name = "tiny-1.0-py3-none-any.whl"
    world.pages |= {
        "/simple/tiny/": f'<a href="/{name}">{name}</a>'.encode(),
        f"/{name}": wheel.getvalue(),
    }
    box = await networked.create(SandboxSpec(network=ALLOWED, timeout_s=60))
    index = "--index-url http://files.example.org/simple --trusted-host files.example.org"
    installed = await box.run(f"python3 -m pip install {index} tiny")
    assert installed.ok, installed.stderr.decode()
    assert (await box.run(["python3", "-c", "import tiny"])).stdout == b"tiny works\n"
    assert {one.host for one in installed.network} == {"files.example.org"}
    assert (await box.changes()).files == ()


async def test_tls_is_carried_to_the_host_it_names(box: LiveSandbox, world: World):
    files, other = "files.example.org", "other.example.org"
    result = await run(box, TLS, *(files, files), *(files, other), *(other, other))
    lines = result.stdout.decode().splitlines()
    assert lines[:2] == ["HTTP/1.1 200 Connected", "answer to GET / HTTP/1.1"]
    assert lines[2] == "HTTP/1.1 200 Connected"
    assert lines[3].startswith("cut off")
    assert lines[4] == "HTTP/1.1 403 Refused by the sandbox"
    reasons = [one.refused for one in result.network]
    assert reasons[0] == ""
    assert "TLS asks for other.example.org" in reasons[1]
    assert "not one of the hosts" in reasons[2]
    assert result.network[0].received > 0
    assert len(world.asked) == 1


TRICKS = {
    "an address": "GET http://93.184.215.14/ HTTP/1.1\\r\\nHost: 93.184.215.14\\r\\n\\r\\n",
    "a number": "GET http://1572395790/ HTTP/1.1\\r\\nHost: 1572395790\\r\\n\\r\\n",
    "the host itself": "GET http://localhost/ HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n",
    "an IPv6 address": "CONNECT [::1]:443 HTTP/1.1\\r\\nHost: [::1]:443\\r\\n\\r\\n",
    "another port": "CONNECT files.example.org:22 HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n",
    "TLS by the plain way": "GET https://files.example.org/ HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n",
    "another plain port": "GET http://files.example.org:8080/ HTTP/1.1\\r\\n"
    "Host: files.example.org:8080\\r\\n\\r\\n",
    "two hosts": "GET http://files.example.org/ HTTP/1.1\\r\\nHost: other.example.org\\r\\n\\r\\n",
    "two Host fields": "GET http://files.example.org/ HTTP/1.1\\r\\nHost: files.example.org\\r\\n"
    "Host: other.example.org\\r\\n\\r\\n",
    "a user in the address": "GET http://files.example.org@other.example.org/ HTTP/1.1\\r\\n"
    "Host: files.example.org@other.example.org\\r\\n\\r\\n",
    "no whole address": "GET / HTTP/1.1\\r\\nHost: files.example.org\\r\\n\\r\\n",
    "two lengths": "POST http://files.example.org/ HTTP/1.1\\r\\nHost: files.example.org\\r\\n"
    "Content-Length: 1\\r\\nContent-Length: 50\\r\\n\\r\\nx",
    "a length and chunks": "POST http://files.example.org/ HTTP/1.1\\r\\nHost: files.example.org"
    "\\r\\nContent-Length: 1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n",
    "a folded line": "GET http://files.example.org/ HTTP/1.1\\r\\nHost: files.example.org\\r\\n"
    " folded\\r\\n\\r\\n",
    "no HTTP": "\\x16\\x03\\x01hello there\\r\\n\\r\\n",
    "a great head": "GET http://files.example.org/ HTTP/1.1\\r\\nX: " + "x" * 40_000,
}


async def test_tricks_are_refused(box: LiveSandbox, world: World):
    for name, text in TRICKS.items():
        result = await run(box, RAW, text)
        assert "Refused by the sandbox" in result.stdout.decode(), name
        assert all(one.refused for one in result.network), name
        assert len(result.network) == 1, name
    assert world.asked == []


async def test_a_second_request_behind_the_first_goes_nowhere(box: LiveSandbox, world: World):
    get = "GET http://files.example.org/{} HTTP/1.1\\r\\nHost: files.example.org\\r\\n{}\\r\\n"
    behind = "GET /stolen HTTP/1.1\\r\\nHost: other.example.org\\r\\n\\r\\n"
    await run(box, RAW, get.format("a", "") + behind)
    upgrade = get.format("b", "Connection: Upgrade\\r\\nUpgrade: h2c\\r\\n")
    await run(box, RAW, upgrade + behind)
    assert [head.split(" ")[1] for head in world.asked] == ["/a", "/b"]
    assert not any("other.example.org" in head or "h2c" in head for head in world.asked)


INSIDE = (
    *("127.0.0.1", "10.0.0.1", "172.17.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "::1", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::a00:1"),
)


async def test_a_listed_name_that_leads_inside_is_refused(box: LiveSandbox, world: World):
    for address in INSIDE:
        world.names["files.example.org"] = ["93.184.215.14", address]
        result = await run(box, FETCH, "http://files.example.org/")
        assert "an address that is not public" in result.stdout.decode(), address
        assert told(result) == [("files.example.org", 80, True)]
    assert world.reached == []


async def test_silent_connections_take_no_more_than_their_share(box: LiveSandbox, world: World):
    many = "import socket, time\nkept = []\nfor _ in range(300):\n"
    many += "    kept.append(socket.create_connection(('127.0.0.1', 3128)))\n"
    hog = await box.start(["python3", "-c", many + "print('all', flush=True)\ntime.sleep(60)"])
    assert (await hog.output(wait_s=20)).data.startswith(b"all")
    assert (await box.run(["echo", "alive"])).stdout == b"alive\n"
    await hog.kill()

    async def answered() -> bool:
        return b"answer" in (await run(box, FETCH, "http://files.example.org/")).stdout

    await until(answered, 20)


async def test_endless_answers_end_with_their_command(box: LiveSandbox, world: World):
    endless = "import urllib.request as u; u.urlopen('http://files.example.org/endless').read(9**7)"
    result = await run(box, endless)
    assert result.ok
    assert result.network[0].received >= 9**7
    assert "answer" in (await run(box, FETCH, "http://files.example.org/")).stdout.decode()


async def test_the_list_goes_with_the_sandbox(networked: DockerDriver, world: World):
    outside = Outside(resolve=world.resolve, connect=world.connect)
    pool = PooledDriver(DockerDriver(instance=networked.instance, outside=outside))
    spec = SandboxSpec(image="minimal", network=ALLOWED)
    for made in (await pool.create(spec), await pool.create(spec)):
        await pool.wait_filled()
        result = await run(made, FETCH, "http://files.example.org/")
        assert "answer" in result.stdout.decode()
    again = await networked.connect(made.id)
    assert again.spec.network == ALLOWED
    said = (await run(again, FETCH, "http://files.example.org/", "http://x.example.org/")).stdout
    assert "answer" in said.decode()
    assert "is not one of the hosts" in said.decode()
    closed = await pool.create(SandboxSpec(image="minimal"))
    assert "HTTP_PROXY" not in (await closed.run(["env"])).stdout.decode()
    assert "Refused" not in (await run(closed, RAW, "x")).stdout.decode()
    await pool.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "a b.example.org", "*", "*.org", ""])
async def test_what_is_no_host_cannot_be_listed(networked: DockerDriver, host: str):
    with pytest.raises(SpecRefused, match="sandbox network"):
        await networked.create(SandboxSpec(image="minimal", network=(host,)))
