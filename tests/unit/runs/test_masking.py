"""A secret that somebody repeats does not get into texts, however they are cut into pieces."""

import pytest

from runs.masking import Masking, secrets_of, without

KEY = "sk-sk-SECRET-0123456789"
TOLD = f"s sk-s {KEY}, and {KEY}{KEY} sk-sk-SECRET"
MASKED = "s sk-s [credential], and [credential][credential] sk-sk-SECRET"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 22, 23, 24, 1000])
def test_pieces_show_all_but_the_key(size: int) -> None:
    masking = Masking([KEY])
    shown = [masking.piece(TOLD[n : n + size]) for n in range(0, len(TOLD), size)]
    assert "".join([*shown, masking.piece(".")]) == f"{MASKED}."


def test_no_part_of_a_value_has_it() -> None:
    value = {"to": [KEY, 1, None], KEY: {"a": TOLD}}
    wanted = {"to": ["[credential]", 1, None], "[credential]": {"a": MASKED}}
    assert without([KEY], value) == wanted


@pytest.mark.parametrize("placeholder", ["", "x", "ollama", "lm-studio", "no-key", "k3y"])
def test_a_placeholder_is_a_word_like_others(placeholder: str) -> None:
    assert secrets_of([placeholder]) == []
    assert Masking([]).piece("Start ollama with no-key.") == "Start ollama with no-key."


@pytest.mark.parametrize("key", ["s3cret", "sk-SECRET", "sk-secret-key-of-ours", "correct horse"])
def test_a_key_need_not_look_like_one(key: str) -> None:
    assert without(secrets_of([key]), f"It is {key}.") == "It is [credential]."


def test_the_longest_goes_first() -> None:
    secrets = secrets_of(["abc123", "abc123-abc123"])
    assert without(secrets, "abc123-abc123 abc123") == "[credential] [credential]"
