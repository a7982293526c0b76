"""What roles reach outside their sandboxes stands in the journal, and so does what was refused."""

import asyncio
from typing import Any

import pytest

from crews.errors import CrewInvalid
from runs.engine.drive import Drive
from runs.engine.machine import Machine
from sandbox.docker_driver import DockerDriver
from sandbox.proxy import Outside
from sandbox.splice import Pair
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import code_role, model_role, pipeline
from tests.integration.runs.playing import Played, Stage

pytestmark = pytest.mark.usefixtures("docker_client")
BOX = {"image": "minimal", "network": {"allow": ["files.example.org"]}}
FETCH = """
import json, urllib.request
page = urllib.request.urlopen("http://files.example.org/").read().decode()
print(json.dumps({"page": page}))
"""
REACH = "python3 -c \"import urllib.request as u; u.urlopen('http://evil.example.org/')\""
Json = Any


def played(stage: Stage, document: Json) -> Played:
    """Play a crew in a world where every name leads to one server that says hello."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        async def resolve(name: str) -> list[str]:
            return ["93.184.215.14"]

        async def connect(address: str, asked: int) -> Pair:
            return await asyncio.open_connection("127.0.0.1", port)

        outside = Outside(resolve=resolve, connect=connect)
        machine = Machine(driver=DockerDriver(outside=outside))
        try:
            async with asyncio.timeout(60):
                await Drive(machine, str(run.pk)).go()
        finally:
            server.close()
            await machine.close()

    run = stage.start(document)
    asyncio.run(main())
    return stage.read(run)


def outputs(run: Played) -> list[Json]:
    return [e["payload"]["output"] for e in run.entries if e["kind"] == "action.finished"]


def test_a_program_reaches_what_its_role_may(stage: Stage) -> None:
    crew = pipeline({"fetch": code_role("stage", FETCH, sandbox=BOX), "end": code_role("stage")})
    done = played(stage, crew)
    assert done.run.status == "finished"
    assert {"page": "hello"} in outputs(done)
    (told,) = [
        one["network"] for one in outputs(done) if isinstance(one, dict) and "network" in one
    ]
    assert told == [{"host": "files.example.org", "port": 80, "sent": 0, "received": 5}]


def test_a_model_is_told_what_was_refused(stage: Stage) -> None:
    stage.server.rules = [
        Rule(
            times=1, reply=Reply(tool_calls=({"name": "shell", "arguments": {"command": REACH}},))
        ),
        Rule(reply=Reply(text="So be it.")),
    ]
    tools = {"capabilities": ["code_execution"], "tools": ["shell"]}
    done = played(
        stage,
        pipeline({"one": model_role("stage", sandbox=BOX, **tools), "two": code_role("stage")}),
    )
    told = next(one for one in outputs(done) if isinstance(one, dict) and "network" in one)
    assert "evil.example.org is not one of the hosts this sandbox may reach" in told["text"]
    assert told["network"][0]["refused"]
    assert "Connection refused: evil.example.org" in stage.server.calls[1].last_text


def test_a_failed_program_says_what_was_refused(stage: Stage) -> None:
    source = FETCH.replace("files.example.org", "evil.example.org")
    done = played(
        stage,
        pipeline({"fetch": code_role("stage", source, sandbox=BOX), "end": code_role("stage")}),
    )
    assert done.run.status == "failed"
    assert "evil.example.org is not one of the hosts" in done.error["message"]


@pytest.mark.parametrize(
    "network",
    ["all", [], {"allow": []}, ["10.0.0.1"], ["localhost"], ["*"], [7], {"deny": ["x.org"]}],
)
def test_what_is_no_list_of_hosts_is_refused_by_name(stage: Stage, network: Json) -> None:
    box = {"image": "minimal", "network": network}
    crew = pipeline({"fetch": code_role("stage", sandbox=box), "end": code_role("stage")})
    with pytest.raises(CrewInvalid) as refused:
        stage.start(crew)
    assert [problem.path for problem in refused.value.problems] == ["roles.fetch.sandbox.network"]
