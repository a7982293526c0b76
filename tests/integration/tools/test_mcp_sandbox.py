"""An MCP server of the official SDK on standard input and output, in a sandbox."""

import shutil
from pathlib import Path
from typing import Any

import docker
import pytest

from resources.errors import ServerFailed
from resources.models import McpServer, McpTool
from resources.services import server_refresh, server_save, tools_choose
from runs.errors import BadRequest
from runs.images import image_allow
from sandbox.images.recipes import Recipe
from sandbox.images.wheels import download
from tests.engines.images import one_builder
from tests.fakes import mcp_server
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import desk
from tests.integration.runs.playing import Stage

Json = Any
IMAGE = "callsheet-test-mcp:latest"
PROGRAM = "/usr/local/lib/mcp_server.py"
COMMAND = ["python3", PROGRAM]


@pytest.fixture(scope="session")
def mcp_image(docker_client: docker.DockerClient, tmp_path_factory: Any) -> str:
    """An image with the SDK and the demo server in it."""
    folder: Path = tmp_path_factory.mktemp("mcp-image")
    (folder / "wheels").mkdir()
    asked = "import platform as p; print('.'.join(p.python_version_tuple()[:2]), p.machine())"
    base = "callsheet-sandbox:minimal"
    told = docker_client.containers.run(base, ["python3", "-c", asked], remove=True)
    python, machine = told.decode().split()
    pip, _ = download(["mcp>=2.3,<3"], folder / "wheels", python=python, machine=machine)
    recipe = Recipe(flavour="mcp", requirements=("mcp",)).dockerfile(base, pip)
    (folder / "Dockerfile").write_text(f"{recipe}COPY mcp_server.py {PROGRAM}\n")
    shutil.copy(mcp_server.__file__, folder / "mcp_server.py")
    with one_builder():
        docker_client.images.build(path=str(folder), tag=IMAGE, network_mode="none", rm=True)
    return IMAGE


@pytest.fixture
def known(stage: Stage, mcp_image: str) -> McpServer:
    """The demo server, stored, asked and chosen; its calls need no approval."""
    image_allow(team=stage.team, user=stage.user, name=mcp_image)
    server = server_save(
        team=stage.team,
        slug="demo",
        command=COMMAND,
        image=mcp_image,
        secrets={"DEMO_KEY": "mcp-secret-1"},
    )
    server_refresh(server=server)
    tools_choose(server=server, approvals={tool.pk: "never" for tool in server.tools.all()})
    return server


def calls(*wanted: tuple[str, Json]) -> list[Rule]:
    """Let the lead call one tool after the other."""
    return [
        Rule(times=1, reply=Reply(tool_calls=({"name": f"mcp_demo_{name}", "arguments": given},)))
        for name, given in wanted
    ]


def listing(*names: str, **role: Json) -> Json:
    return desk(lead={"tools": [f"mcp.demo.{name}" for name in names], **role})


def outputs(played: Any) -> list[Json]:
    return [
        entry["payload"]["output"]
        for entry in played.entries
        if entry["kind"] == "action.finished" and "/own/" in entry["key"]
    ]


def test_a_server_in_a_sandbox_is_called(stage: Stage, known: McpServer) -> None:
    stage.server.rules = calls(
        ("add", {"a": 20, "b": 22}),
        ("note", {"text": "first"}),
        ("note", {"text": "second"}),
        ("secret", {}),
        ("fail", {}),
        ("long", {"count": 60_000}),
    )
    names = ("add", "note", "secret", "fail", "long")
    played = stage.play(listing(*names))
    added, first, second, secret, failed, long = outputs(played)
    assert added["text"] == "42"
    assert added["structured"] == {"result": 42}
    assert first["text"] == "first\n"
    assert second["text"] == "first\nsecond\n"  # its sandbox is the run's, as long as that goes on
    assert secret["text"] == "[credential]"  # It has it, and nobody is told.
    assert failed["is_error"] is True
    assert "10000 characters left out" in long["text"]
    assert played.run.status == "finished"


def test_no_command_of_a_role_sees_the_server(stage: Stage, known: McpServer) -> None:
    look = "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c DEMO_KEY; ls /workspace"
    shell = {"name": "shell", "arguments": {"command": look}}
    stage.server.rules = [
        *calls(("note", {"text": "x"})),
        Rule(times=1, reply=Reply(tool_calls=(shell,))),
    ]
    document = listing("note", capabilities=["code_execution"])
    document["roles"]["lead"]["tools"].append("shell")
    _, seen = outputs(stage.play(document))
    assert seen["stdout"] == "0\n"


def test_a_server_that_dies_or_hangs_is_an_error_of_the_tool(
    stage: Stage, known: McpServer
) -> None:
    stage.server.rules = calls(("die", {}), ("add", {"a": 1}), ("long", {"count": 5_000_000}))
    died, after, much = outputs(stage.play(listing("die", "add", "long")))
    assert "The server ended" in died["text"]
    assert "is not known" in died["text"]
    assert after["text"] == "3"
    assert much["is_error"] is True


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["no-such-program"], "The server ended"),
        (["python3", "-c", "raise SystemExit('missing key')"], "missing key"),
        (["python3", "-c", "print('x' * 9_000_000)"], "more at once|larger|ended"),
    ],
)
def test_what_is_no_server_says_so(
    stage: Stage, mcp_image: str, command: list[str], why: str
) -> None:
    server = server_save(team=stage.team, slug="bad", command=command, image=mcp_image)
    with pytest.raises(ServerFailed, match=why):
        server_refresh(server=server)


def test_its_image_must_be_on_the_teams_list(stage: Stage, mcp_image: str) -> None:
    server = server_save(team=stage.team, slug="demo", command=COMMAND, image=mcp_image)
    server_refresh(server=server)
    tools_choose(server=server, approvals={tool.pk: "never" for tool in server.tools.all()})
    assert McpTool.objects.filter(chosen=True).count() == 7
    with pytest.raises(BadRequest, match="not on the team's list"):
        stage.start(listing("add"))
