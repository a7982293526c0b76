"""Which of many texts a piece of text was taken from: the longest run of words they share.

Deterministic and without a model. Triples of words find the few texts worth a closer look
(w-shingling, Broder 1997); for these, the longest common run of words is counted exactly.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable
from typing import Generic, TypeVar

_WORD = re.compile(r"\w+", re.UNICODE)
_WIDTH = 3
_LOOKED_AT = 5
_WORDS_READ = 50_000

Name = TypeVar("Name", bound=Hashable)


class Texts(Generic[Name]):
    """Texts by name, in an order: of two that share as much, the earlier one counts."""

    def __init__(self) -> None:
        self._words: dict[Name, list[str]] = {}
        self._triples: defaultdict[tuple[str, ...], list[Name]] = defaultdict(list)
        self._order: dict[Name, int] = {}

    def add(self, name: Name, text: str) -> None:
        """Add a text; a name that is known gets longer."""
        words = words_of(text)[:_WORDS_READ]
        self._order.setdefault(name, len(self._order))
        # A word that cannot occur keeps runs from going over the seam.
        self._words[name] = [*self._words.get(name, []), "", *words]
        for triple in set(_shingles(words)):
            names = self._triples[triple]
            if not names or names[-1] != name:
                names.append(name)

    def source(self, text: str) -> tuple[Name | None, float]:
        """Return the text that shares the longest run of words with `text`, and what part of
        `text` that run is (0 to 1)."""
        words = words_of(text)
        if not words:
            return None, 0.0
        if len(words) < _WIDTH:
            return self._short(words)
        votes = Counter(
            name for triple in set(_shingles(words)) for name in self._triples.get(triple, ())
        )
        closest = sorted(votes, key=lambda name: (-votes[name], self._order[name]))[:_LOOKED_AT]
        best, longest = None, 0
        for name in sorted(closest, key=lambda name: self._order[name]):
            run = longest_run(words, self._words[name])
            if run > longest:
                best, longest = name, run
        return best, longest / len(words)

    def _short(self, words: list[str]) -> tuple[Name | None, float]:
        for name, other in self._words.items():
            if longest_run(words, other) == len(words):
                return name, 1.0
        return None, 0.0


def words_of(text: str) -> list[str]:
    """Return the words of a text, in small letters, without marks."""
    return _WORD.findall(text.lower())


def longest_run(words: list[str], other: list[str]) -> int:
    """Return how many words the longest run has that both have."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    wanted = set(words)
    for place, word in enumerate(other):
        if word in wanted:
            places[word].append(place)
    longest = 0
    before: dict[int, int] = {}
    for word in words:
        now = {place: before.get(place - 1, 0) + 1 for place in places[word]}
        longest = max(longest, *now.values()) if now else longest
        before = now
    return longest


def _shingles(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[n : n + _WIDTH]) for n in range(len(words) - _WIDTH + 1)]
