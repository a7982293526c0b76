"""A key that a server repeats does not get into answers, however it is cut into pieces."""

import pytest

from runs.providers.base import ModelReply, ToolCall
from runs.providers.errors import plain
from runs.providers.masking import Masking

KEY = "sk-sk-SECRET-0123456789"
TOLD = f"s sk-s {KEY}, and {KEY}{KEY} sk-sk-SECRET"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 22, 23, 24, 1000])
def test_pieces_show_all_but_the_key(size: int) -> None:
    masking = Masking(KEY)
    shown = [masking.piece(TOLD[n : n + size]) for n in range(0, len(TOLD), size)]
    shown.append(masking.piece("."))
    assert "".join(shown) == "s sk-s [key], and [key][key] sk-sk-SECRET."


def test_no_part_of_a_reply_has_it() -> None:
    call = ToolCall(id="1", name="send", arguments={"to": [KEY], KEY: f"<{KEY}>"}, raw=KEY)
    native = {"thinking": f"The key is {KEY}."}
    reply = Masking(KEY).reply(ModelReply(text=TOLD, tool_calls=(call,), native=native))
    assert KEY not in reply.model_dump_json()
    assert reply.tool_calls[0].arguments == {"to": ["[key]"], "[key]": "<[key]>"}
    assert reply.native == {"thinking": "The key is [key]."}


@pytest.mark.parametrize("placeholder", ["", "x", "ollama", "lm-studio", "no-key"])
def test_a_placeholder_is_a_word_like_others(placeholder: str) -> None:
    reply = ModelReply(text="Start ollama or lm-studio with no-key x.")
    assert Masking(placeholder).reply(reply) == reply
    assert Masking(placeholder).piece(reply.text) == reply.text


def test_an_error_shows_no_part_of_it() -> None:
    told = plain(f"Wrong key …{KEY[4:]}, {KEY}", KEY)
    assert "0123" not in told
    assert "SECRET" not in told
