"""Sandboxes start from our images, and from those a team has put on its list after a look."""

import io
import os
import tarfile
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from runs.errors import BadRequest
from runs.images import image_allow
from runs.journal import store
from sandbox.hardening import image_name
from tests.integration.runs.documents import code_role, pipeline
from tests.integration.runs.playing import Stage

Json = Any
# Other processes of the tests have images of their own.
REPOSITORY = f"callsheet-test-{os.getpid()}"
# Images of one layer more than the minimal one, and what their `python3` does.
OLD = "import sys; sys.version_info = (3, 8, 18, 'final', 0); exec(sys.argv.pop())"
PYTHONS = {
    "older": f'#!/bin/sh\nexec /usr/bin/python3.11 -I -S -c "{OLD}" "$4"\n',
    "broken": "#!/bin/sh\necho no such thing >&2\nexit 1\n",
    "good": '#!/bin/sh\nexec /usr/bin/python3.11 "$@"\n',
}


@pytest.fixture(scope="module")
def images(docker_client: docker.DockerClient) -> Iterator[dict[str, str]]:
    """Return the names of made images, by what their Python is like."""
    base = image_name("minimal")
    made = {name: f"{REPOSITORY}-{name}:1" for name in PYTHONS}
    for name, script in PYTHONS.items():
        holder = docker_client.containers.create(base, ["true"])
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as tar:
            info = tarfile.TarInfo("usr/local/bin/python3")
            info.size, info.mode = len(script), 0o755
            tar.addfile(info, io.BytesIO(script.encode()))
        holder.put_archive("/", data.getvalue())
        holder.commit(*made[name].split(":"))
        holder.remove()
    yield made
    for name in made.values():
        docker_client.images.remove(name, force=True)


def crew(image: str) -> Json:
    box = {"image": image}
    writes = "print(open('made.txt', 'w').write('x') and '{}')"
    return pipeline({n: code_role("stage", writes, sandbox=box) for n in ("one", "two")})


def test_a_checked_image_is_pinned_and_told(stage: Stage, images: dict[str, str]) -> None:
    image = image_allow(team=stage.team, user=stage.user, name=images["good"])
    assert image.python.startswith("3.11")
    assert image.digest.startswith("sha256:")
    played = stage.play(crew(images["good"]))
    assert played.run.status == "finished"
    assert played.entries[0]["payload"]["images"] == {images["good"]: image.digest}
    outputs = (entry["payload"].get("output") for entry in played.entries)
    told = [one["workspace"] for one in outputs if isinstance(one, dict) and "workspace" in one]
    used = {workspace["image"] for workspace in told}
    assert used == {image.digest}


def test_an_image_on_no_list_is_refused_by_role(stage: Stage, images: dict[str, str]) -> None:
    with pytest.raises(BadRequest, match=rf"roles\.one\.sandbox\.image: '{REPOSITORY}-good:1'"):
        stage.start(crew(images["good"]))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("OURS-older:1", "has Python 3.8. Choose one with Python 3.9 or newer"),
        ("OURS-broken:1", "cannot run the agent"),
        ("OURS-absent:1", "Docker has no image 'OURS-absent:1' here"),
        ("Not A Name", "give the name of an image"),
        ("default", "is one of ours"),
    ],
)
def test_an_image_that_cannot_be_used_is_refused_with_its_reason(
    stage: Stage, images: dict[str, str], name: str, reason: str
) -> None:
    name, reason = (text.replace("OURS", REPOSITORY) for text in (name, reason))
    with pytest.raises(BadRequest, match=reason):
        image_allow(team=stage.team, user=stage.user, name=name)
    with pytest.raises(CommandError, match=reason):
        call_command("sandbox_image", "--allow", name, "--team", stage.team.slug)


def test_the_settings_say_what_is_wrong_and_keep_what_works(
    stage: Stage, images: dict[str, str], client: Client
) -> None:
    client.force_login(stage.user)
    refused = client.post("/settings/sandboxes/images/", {"name": images["older"]})
    assert refused.status_code == 422
    assert "has Python 3.8" in refused.content.decode()
    kept = client.post("/settings/sandboxes/images/", {"name": images["good"]}, follow=True)
    assert images["good"] in kept.content.decode()
    image = stage.team.images.get()
    gone = client.post(f"/settings/sandboxes/images/{image.pk}/remove/", follow=True)
    assert "No image of your own" in gone.content.decode()


def test_a_runtime_that_docker_lacks_is_said_before_the_run(stage: Stage) -> None:
    with (
        override_settings(SANDBOX_RUNTIME="runsc-absent", EMBEDDED=True),
        pytest.raises(BadRequest, match="Docker here has no runtime 'runsc-absent'"),
    ):
        stage.start(crew("minimal"))
    with override_settings(SANDBOX_RUNTIME="runc", EMBEDDED=True):
        played = stage.play(crew("minimal"))
    assert played.run.status == "finished"
    assert "minimal" in store.read(str(played.run.pk))[0].model_dump()["payload"]["images"]
