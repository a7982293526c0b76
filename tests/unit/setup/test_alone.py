"""Two set-ups of one checkout, one after the other."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from setup.__main__ import alone
from tests.engines.processes import wait_until


def test_a_second_set_up_waits_for_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    told = ""

    def waits() -> bool:
        nonlocal told
        told += capsys.readouterr().err
        return "waiting for it" in told

    first = alone()
    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(alone)
        try:
            wait_until(waits, seconds=20)
            assert not second.done()
        finally:
            os.close(first)
        os.close(second.result(20))
