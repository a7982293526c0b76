"""What an agent serves in its sandbox opens in a browser, and only there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
import websockets
from django.test import override_settings

from runs.engine.drive import Drive
from runs.engine.machine import Machine
from runs.models import Run
from runs.previews import table
from runs.previews.front import Front
from runs.previews.gateway import Gateway
from runs.previews.links import COOKIE, Guest, link_make
from sandbox.docker_driver import DockerDriver
from tests.fakes import preview_service
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import model_role, pipeline
from tests.integration.runs.playing import Stage, on_machine
from tests.integration.sandbox.conftest import until

pytestmark = pytest.mark.usefixtures("docker_client")
SERVICE = Path(preview_service.__file__).read_text()
WRITES = {"name": "write_file", "arguments": {"path": "service.py", "content": SERVICE}}
STARTS = {"name": "shell", "arguments": {"command": "python3 service.py", "background": True}}
OPENS = {"name": "open_preview", "arguments": {"port": 7100, "title": "A service"}}
BUILDER = model_role(
    "stage",
    capabilities=["code_execution", "file_management"],
    tools=["write_file", "shell", "open_preview"],
    sandbox={"image": "minimal"},
)
ANN = {"seat": "stage", "kind": "human", "instructions": "Well?"}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A run whose agent has opened a preview, the worker's gateway, and the front on a port."""

    run: Run
    machine: Machine
    gateway: Gateway
    port: int

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def guest(self) -> AsyncIterator[httpx.AsyncClient]:
        """Follow a link in."""
        link = urlsplit(link_make(Guest(str(self.run.pk), 1), plain_host="127.0.0.1"))
        async with httpx.AsyncClient(base_url=self.base, trust_env=False, timeout=20) as client:
            entered = await client.get(f"{link.path}?{link.query}")
            assert entered.status_code == 303
            assert "HttpOnly" in entered.headers["set-cookie"]
            yield client


def seen(
    stage: Stage, look: Callable[[Scene], Awaitable[None]], *, stays: bool = True, **limits: Any
) -> None:
    """Let an agent serve something and open it, and look at it: while the run waits for a person,
    or (`stays` False) after its end."""
    stage.server.rules = [
        Rule(times=1, reply=Reply(tool_calls=(WRITES,))),
        Rule(times=1, reply=Reply(tool_calls=(STARTS,))),
        Rule(times=1, reply=Reply(tool_calls=(OPENS,))),
        Rule(reply=Reply(text="It runs.")),
    ]
    second = ANN if stays else model_role("stage")
    run = stage.start(pipeline({"builder": BUILDER, "second": second}))

    async def work(machine: Machine) -> None:
        driving: set[str] = set()
        gateway = Gateway(machine.driver, machine.read, machine.writer, lambda: driving)
        await gateway.start("127.0.0.1")
        machine.previews_at = gateway.address
        front = Front(**limits)
        try:
            async with asyncio.timeout(120):
                driving.add(str(run.pk))
                await Drive(machine, str(run.pk)).go()
                driving.clear()
                port = await front.start("127.0.0.1", 0)
                with override_settings(
                    PREVIEW_PORT=port, PREVIEW_ORIGIN=f"http://*.localhost:{port}"
                ):
                    scene = Scene(run=run, machine=machine, gateway=gateway, port=port)
                    await gateway.tend_once()
                    await look(scene)
        finally:
            await front.close()
            await gateway.close()
            for info in await machine.driver.list({"callsheet.run": str(run.pk)}):
                await machine.driver.remove(info.id)

    on_machine(work)


def test_a_service_is_shown_as_it_is(stage: Stage) -> None:
    async def look(scene: Scene) -> None:
        async with scene.guest() as client:
            page = await client.get("/")
            assert (page.status_code, page.text) == (200, "hello")
            data = bytes(range(256)) * 5_000
            assert (await client.post("/echo", content=data)).content == data
            away = await client.get("/away")
            assert away.headers["location"] == f"{scene.base}/there?x=1"
            async with client.stream("GET", "/events") as events:
                lines = events.aiter_lines()
                told = [await anext(lines) for _ in range(6)]
            assert [line for line in told if line] == ["data: 0", "data: 1", "data: 2"]
            cookie = f"{COOKIE}={client.cookies[COOKIE]}"
            async with websockets.connect(
                f"ws://127.0.0.1:{scene.port}/socket", additional_headers={"Cookie": cookie}
            ) as socket:
                await socket.send("hello there")
                assert await socket.recv() == "hello there"

    seen(stage, look)


def test_a_preview_is_kept_away_from_the_app(stage: Stage) -> None:
    async def look(scene: Scene) -> None:
        async with scene.guest() as client:
            cookies = f"sessionid=secret; {COOKIE}={client.cookies[COOKIE]}"
            headers = {"Cookie": cookies, "Origin": scene.base, "X-Forwarded-For": "10.0.0.1"}
            head = (await client.get("/head", headers=headers)).text.lower()
            assert "cookie" not in head
            assert "10.0.0.1" not in head
            assert "host: localhost:7100\r\n" in head
            assert "origin: http://localhost:7100\r\n" in head
            page = await client.get("/")
            assert "set-cookie" not in page.headers
            assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
            assert page.headers["cross-origin-opener-policy"] == "same-origin"
            home = link_make(Guest(str(scene.run.pk), 1)).split("/")[2]
            own = (await client.get("/", headers={"Host": home, "Cookie": cookies})).headers
            assert own["set-cookie"] == "own=1"
            for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
                assert (await client.post("/echo", headers=foreign)).status_code == 403
            other = {"Host": f"p0.localhost:{scene.port}", "Cookie": cookies}
            assert (await client.get("/", headers=other)).status_code == 403

    seen(stage, look)


def test_nobody_gets_in_without_a_link(stage: Stage) -> None:
    async def look(scene: Scene) -> None:
        async with httpx.AsyncClient(base_url=scene.base, trust_env=False) as stranger:
            assert (await stranger.get("/")).status_code == 403
            forged = await stranger.get("/.callsheet/open?token=forged")
            assert forged.status_code == 403
            assert "set-cookie" not in forged.headers
            stranger.cookies[COOKIE] = "forged"
            refused = await stranger.get("/")
            assert refused.status_code == 403
            assert "Open this preview from its run" in refused.text
        host, _, port = scene.gateway.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"let me in\n")
        assert await reader.read() == b""
        writer.close()

    seen(stage, look)


def test_what_hangs_floods_or_is_no_http_is_told(stage: Stage) -> None:
    async def look(scene: Scene) -> None:
        async with scene.guest() as client:
            hanging = await client.get("/hang")
            assert (hanging.status_code, "The service hangs" in hanging.text) == (504, True)
            for path in ("/rude", "/smuggle", "/again"):
                assert (await client.get(path)).status_code == 502
            async with client.stream("GET", "/flood") as flood:
                pieces = flood.aiter_raw()
                for _ in range(50):
                    assert set(await anext(pieces)) == {ord("x")}
                # Whoever does not read on holds nobody up, and is let go of.
                assert (await client.get("/")).text == "hello"
            big = await client.get("/", headers={"X-Big": "x" * 40_000})
            assert big.status_code == 400
            (sandbox,) = await scene.machine.driver.list({"callsheet.run": str(scene.run.pk)})
            live = await scene.machine.driver.connect(sandbox.id)
            (service,) = await live.processes()
            await live.process(service).kill()
            silent = await client.get("/")
            assert (silent.status_code, "Nothing answers" in silent.text) == (502, True)
            await live.kill()
            gone = await client.get("/")
            assert (gone.status_code, "is gone" in gone.text) == (502, True)

    seen(stage, look, answer_s=2.0)


def test_streams_without_end_take_no_more_than_their_share(stage: Stage) -> None:
    async def look(scene: Scene) -> None:
        async with scene.guest() as client, AsyncExitStack() as streams:
            before, floods = _memory_mb(), []
            for _ in range(4):
                stream = await streams.enter_async_context(client.stream("GET", "/flood"))
                floods.append(stream.aiter_raw())
                assert set(await anext(floods[-1])) == {ord("x")}
            full = await client.get("/")
            assert (full.status_code, "Too many connections" in full.text) == (503, True)
            taken = 0
            while taken < 60 << 20:
                taken += len(await anext(floods[0]))
            assert _memory_mb() - before < 40
            await streams.aclose()
            await until(lambda: _answers(client), 20)

    seen(stage, look, most_each=4)


def test_a_preview_outlives_its_run_for_a_while(stage: Stage) -> None:
    async def look(scene: Scene) -> None:
        run = str(scene.run.pk)
        async with scene.guest() as client:
            assert (await client.get("/")).text == "hello"
            assert await scene.machine.read(partial(table.has_open, run))
            await scene.machine.writer.call(partial(_end, run))
            over = await client.get("/")
            assert (over.status_code, "This preview is over" in over.text) == (410, True)
            assert not await scene.machine.read(partial(table.has_open, run))


def test_a_kept_sandbox_does_not_outlive_its_keeper(stage: Stage) -> None:
    async def look(scene: Scene) -> None:
        run = str(scene.run.pk)
        driver = DockerDriver()
        keeper = Gateway(driver, scene.machine.read, scene.machine.writer, lambda: (), orphan_s=1.0)
        await keeper.start("127.0.0.1")
        await scene.machine.writer.call(partial(table.holder_lost, run, scene.gateway.address))
        await keeper.tend_once()
        assert len(await driver.list({"callsheet.run": run})) == 1
        await keeper.close()
        await driver.close()
        await until(lambda: _is_gone(scene), 20)

    seen(stage, look, stays=False)

    seen(stage, look, stays=False)


def test_another_worker_takes_a_preview_over(stage: Stage) -> None:
    async def look(scene: Scene) -> None:
        async with scene.guest() as client:
            assert (await client.get("/")).text == "hello"
            await scene.gateway.close()
            assert (await client.get("/")).status_code == 503
            driver = DockerDriver()
            other = Gateway(driver, scene.machine.read, scene.machine.writer, lambda: ())
            await other.start("127.0.0.1")
            try:
                await other.tend_once()
                assert (await client.get("/")).text == "hello"
            finally:
                await other.close()
                await driver.close()

    seen(stage, look)


def test_opening_is_told_in_the_journal_and_refused_where_nothing_listens(stage: Stage) -> None:
    stage.server.rules = [
        Rule(times=1, reply=Reply(tool_calls=(OPENS,))),
        Rule(reply=Reply(text="It does not run.")),
    ]
    played = stage.play(pipeline({"builder": BUILDER, "ann": ANN}))
    (output,) = (
        entry["payload"]["output"]
        for entry in played.entries
        if entry["kind"] == "action.finished" and entry["key"].endswith("/open_preview")
    )
    assert output["is_error"]
    assert "Nothing listens on port 7100" in output["text"]
    assert not table.has_open(str(played.run.pk))


def _memory_mb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20


async def _answers(client: httpx.AsyncClient) -> bool:
    return (await client.get("/")).text == "hello"


async def _is_gone(scene: Scene) -> bool:
    return not await scene.machine.driver.list({"callsheet.run": str(scene.run.pk)})


def _end(run: str) -> None:
    Run.objects.get(pk=run).previews.update(until="2020-01-01T00:00:00Z")
