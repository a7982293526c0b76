"""What agents made can be listed, looked at and saved, and never scripts the site."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from runs.export import verify_run
from runs.files import files_forget, files_forget_old
from runs.models import Entry, Run
from tests.integration.runs.documents import code_role, pipeline
from tests.integration.runs.playing import Stage
from tests.integration.runs.test_artifacts import LISTS, MINIMAL

pytestmark = pytest.mark.usefixtures("docker_client")
Json = Any
EVIL = b"<script>alert(document.domain)</script>"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)
MAKES = f"""
import json
open("page.html", "wb").write({EVIL!r})
open("dot.png", "wb").write({PIXEL!r})
open("noise.bin", "wb").write(bytes(range(256)))
open("long.txt", "w").write("é" * 100_000)
print(json.dumps({{}}))
"""


@pytest.fixture
def run(stage: Stage) -> Run:
    roles = {
        "maker": code_role("stage", MAKES, title="The maker", sandbox=MINIMAL),
        "reader": code_role("stage", "print('{}')", sandbox=MINIMAL),
    }
    return stage.play(pipeline(roles, {0: {"artifacts": ["page.html", "dot.png"]}})).run


@pytest.fixture
def browser(stage: Stage) -> Client:
    client = Client()
    client.force_login(stage.user)
    return client


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_files_are_listed_and_downloaded_over_rest(run: Run, browser: Client) -> None:
    listed = browser.get(f"/api/v1/runs/{run.pk}/artifacts").json()
    assert [(f["path"], f["from"], f["to"], f["sha256"]) for f in listed["artifacts"]] == [
        ("dot.png", "maker", "reader", sha(PIXEL)),
        ("page.html", "maker", "reader", sha(EVIL)),
    ]
    spaces = {space["name"]: space for space in listed["workspaces"]}
    assert len(spaces["role-maker"]["files"]) == 4
    assert spaces["role-reader"]["roles"] == ["reader"]
    got = browser.get(f"/api/v1/runs/{run.pk}/artifacts/{sha(EVIL)}?name=../x/page.html")
    assert got.content == EVIL
    assert got.headers["Content-Disposition"] == 'attachment; filename="page.html"'
    assert browser.get(f"/api/v1/runs/{run.pk}/artifacts/{'0' * 64}").status_code == 404
    assert browser.get(f"/api/v1/runs/{run.pk}/artifacts/nonsense").status_code == 422


@pytest.mark.parametrize(
    ("data", "asked", "kind"),
    [
        (EVIL, "", "application/octet-stream"),
        (EVIL, "?show=1", "text/plain; charset=utf-8"),
        (PIXEL, "?name=evil%0d%0aX: y%22.png", "image/png"),
        (PIXEL, "?show=1", "image/png"),
    ],
)
def test_no_file_is_ever_a_page(
    run: Run, browser: Client, data: bytes, asked: str, kind: str
) -> None:
    got = browser.get(f"/runs/{run.pk}/files/{sha(data)}/{asked}")
    assert (got.status_code, got.content) == (200, data)
    assert got.headers["Content-Type"] == kind
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert ("Content-Disposition" in got.headers) == ("show" not in asked)


def test_only_the_beginning_of_a_text_is_shown(run: Run, browser: Client) -> None:
    long = ("é" * 100_000).encode()
    got = browser.get(f"/runs/{run.pk}/files/{sha(long)}/?show=1")
    assert got.content == long[: 128 * 1024]
    assert got.headers["Callsheet-Whole-Size"] == "200000"
    assert browser.get(f"/runs/{run.pk}/files/{sha(bytes(range(256)))}/?show=1").status_code == 415


def test_the_page_lists_what_was_handed_over_and_what_is_there(run: Run, browser: Client) -> None:
    page = browser.get(f"/runs/{run.pk}/files/").content.decode()
    for words in ("Handed over", "The maker", "noise.bin", "page.html"):
        assert words in page


def test_a_payload_is_no_file(stage: Stage, browser: Client) -> None:
    run = stage.start(pipeline({n: code_role("stage", LISTS) for n in ("a", "b")}), "x" * 100_000)
    blob = run.blobs.get().sha256
    assert browser.get(f"/runs/{run.pk}/files/{blob}/").status_code == 404


def test_old_contents_are_forgotten_by_the_workers(run: Run, settings: Settings) -> None:
    Run.objects.filter(pk=run.pk).update(ended_at=timezone.now() - timedelta(days=2))
    payloads = set(Entry.objects.filter(run=run).exclude(blob=None).values_list("blob", flat=True))
    settings.FILES_DAYS = 0
    files_forget_old()
    assert run.blobs.exclude(sha256__in=payloads).exists()
    settings.FILES_DAYS = 1
    files_forget_old()
    assert not run.blobs.exclude(sha256__in=payloads).exists()
    assert verify_run(run).ok


def test_contents_are_forgotten_and_the_journal_holds(run: Run, browser: Client) -> None:
    assert files_forget(older_than=timedelta(days=1)) == (0, 0)
    call_command("forget_files", str(run.pk))
    assert browser.get(f"/runs/{run.pk}/files/{sha(PIXEL)}/").status_code == 404
    listed = browser.get(f"/api/v1/runs/{run.pk}/artifacts").json()
    assert len(listed["artifacts"]) == 2
    assert verify_run(run).ok
    assert browser.get(f"/runs/{run.pk}/files/").status_code == 200
