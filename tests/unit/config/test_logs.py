"""No log line shows a secret, whatever field or text it stands in."""

import pytest

from config.logs import MASK, mask_secrets


@pytest.mark.parametrize(
    "name",
    ["api_key", "apikey", "OPENAI_API_KEY", "Authorization", "password", "session_cookie", "token"],
)
def test_fields_named_like_secrets_are_masked(name: str) -> None:
    assert mask_secrets(None, "info", {name: "hunter2"}) == {name: MASK}


@pytest.mark.parametrize(
    "text",
    [
        "refused key sk-ant-api03-hunter2hunter2",
        "refused key cs_hunter2hunter2hunter2",
        "Authorization: Bearer hunter2.hunter2",
        "cannot reach redis://default:hunter2@127.0.0.1:6379/0",
        "GET /sign-in/hunter2hunter2/ 200",
    ],
)
def test_texts_that_hold_secrets_are_masked(text: str) -> None:
    told = mask_secrets(None, "info", {"event": text})["event"]
    assert "hunter2" not in told
    assert MASK in told


def test_the_rest_stays_readable() -> None:
    event = {"event": "run finished", "tokens": 1234, "host": "http://127.0.0.1:8000/runs/7/"}
    assert mask_secrets(None, "info", dict(event)) == event
