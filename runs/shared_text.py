"""Which of many texts a piece of text was taken from: the longest run of words they share.

Deterministic and without a model. Triples of words find the few texts worth a closer look
(w-shingling, Broder 1997); for these, the longest common run of words is counted exactly.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

_WORD = re.compile(r"\w+", re.UNICODE)
_WIDTH = 3
_LOOKED_AT = 5
_WORDS_READ = 50_000
# Pairs of equal words for each word read; text has few, what says one word over and over has many.
_PAIRS_LOOKED_AT = 50
_PRIME = 2**61 - 1
_BASE = 1_000_003

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
        words = words_of(text)[:_WORDS_READ]
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
            if longest == len(words):
                break
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
    pairs = sum(len(places[word]) for word in words)
    if pairs > _PAIRS_LOOKED_AT * (len(words) + len(other)):
        return _longest_by_halving(words, other)
    longest = 0
    before: dict[int, int] = {}
    for word in words:
        now = {place: before.get(place - 1, 0) + 1 for place in places[word]}
        longest = max(longest, *now.values()) if now else longest
        before = now
    return longest


def _longest_by_halving(words: list[str], other: list[str]) -> int:
    """Return the same, however often words repeat: where runs of a length are shared, shorter
    ones are too, so the length is found by halving. Runs are told apart by their hashes."""
    numbers = {word: n for n, word in enumerate({*words, *other}, 1)}
    ours, theirs = [numbers[word] for word in words], [numbers[word] for word in other]

    def shared(length: int) -> bool:
        known = set(_run_hashes(ours, length))
        return any(run in known for run in _run_hashes(theirs, length))

    low, high = 0, min(len(ours), len(theirs))
    middle = high  # mostly all of it is shared
    while low < high:
        if shared(middle):
            low = middle
        else:
            high = middle - 1
        middle = (low + high + 1) // 2
    return low


def _run_hashes(numbers: list[int], length: int) -> Iterator[int]:
    """Yield the hash of each run of this length (Rabin and Karp, 1987)."""
    first = pow(_BASE, length, _PRIME)
    told = 0
    for place, number in enumerate(numbers):
        told = (told * _BASE + number) % _PRIME
        if place >= length:
            told = (told - numbers[place - length] * first) % _PRIME
        if place >= length - 1:
            yield told


def _shingles(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[n : n + _WIDTH]) for n in range(len(words) - _WIDTH + 1)]
