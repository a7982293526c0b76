"""Both modes start as whole installations and answer; production shares nothing but its servers."""

import json
from collections.abc import Callable

import httpx2

from tests.engines.installation import Installation
from tests.engines.processes import wait_until
from tests.integration.runs.house import House


def test_it_answers_and_has_a_worker(house: House) -> None:
    installation = house.installation
    assert httpx2.get(installation.url + "/accounts/login/").status_code == 200
    wait_until(installation.worker_pids, what="a worker")


def test_it_becomes_ready(house: House) -> None:
    url = house.installation.url
    wait_until(
        lambda: httpx2.get(url + "/readyz").status_code == 200,
        seconds=30,
        what="a worker being alive",
    )
    assert httpx2.get(url + "/healthz").status_code == 200


def test_pages_and_their_files_come_from_this_host(house: House) -> None:
    installation = house.installation
    page = httpx2.get(installation.url + "/accounts/login/").text
    addresses = [part.split('"')[0] for part in page.split("/static/")[1:]]
    assert addresses
    for address in addresses:
        answer = httpx2.get(f"{installation.url}/static/{address}")
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers


def test_production_logs_are_json_lines(
    new_installation: Callable[..., Installation],
) -> None:
    production = new_installation("production")
    production.prepare()
    lines = production.start_worker().output().splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert any(entry["event"].endswith(" ready.") for entry in told)
