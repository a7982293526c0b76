"""Which text a piece was taken from."""

import random

import pytest

from runs.shared_text import Texts, longest_run


def _longest(words: list[str], other: list[str]) -> int:
    runs = {tuple(other[a:b]) for a in range(len(other)) for b in range(a + 1, len(other) + 1)}
    return max(
        (
            b - a
            for a in range(len(words))
            for b in range(len(words) + 1)
            if tuple(words[a:b]) in runs
        ),
        default=0,
    )


@pytest.mark.parametrize("letters", ["a", "ab", "abcdefgh"])
@pytest.mark.parametrize("times", [1, 40])
def test_the_longest_run_is_found_also_where_words_repeat(letters: str, times: int) -> None:
    chance = random.Random(f"{letters}{times}")
    for _ in range(10):
        words, other = ([chance.choice(letters) for _ in range(12)] for _ in range(2))
        # Again and again with a seam: the same runs, and many more pairs of equal words.
        many, others = [*words, "x"] * times, [*other, "y"] * times
        assert longest_run(many, others) == _longest(words, other)


def test_a_text_that_says_one_word_over_and_over_is_read_in_time() -> None:
    """As a model does that got stuck; word by word it would take minutes."""
    stuck = "again " * 40_000
    texts: Texts[str] = Texts()
    texts.add("first", f"So {stuck}")
    texts.add("second", stuck)
    assert texts.source(stuck) == ("first", 1.0)
