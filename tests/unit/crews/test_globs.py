"""Which files a handoff's patterns name."""

import pytest

from crews.globs import glob_fault, glob_matches


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("*.csv", ["a.csv", "data/deep/a.csv", ".csv"], ["a.csv.gz", "a.CSV"]),
        ("data/*.csv", ["data/a.csv"], ["a.csv", "data/deep/a.csv", "other/data/a.csv"]),
        ("data/**/*.csv", ["data/a.csv", "data/b/c/a.csv"], ["a.csv"]),
        ("data/", ["data/a", "data/b/c"], ["data", "other/data/a"]),
        ("**", ["a", "b/c"], []),
        ("./a.txt", ["a.txt"], ["b.txt"]),
        ("report-?.txt", ["report-1.txt"], ["report-.txt", "report-10.txt"]),
        ("[ab].txt", ["a.txt"], ["c.txt"]),
        ("[!ab].txt", ["c.txt"], ["a.txt"]),
        ("a+b (1).txt", ["a+b (1).txt"], ["aab (1).txt"]),
        ("a[", ["a["], ["a"]),
        ("é*", ["été.txt", "é\n.txt"], ["e"]),
        ("*", ["lone\udcff"], []),
    ],
)
def test_patterns(pattern: str, fits: list[str], fits_not: list[str]) -> None:
    assert glob_fault(pattern) == ""
    assert [path for path in fits if not glob_matches(pattern, path)] == []
    assert [path for path in fits_not if glob_matches(pattern, path)] == []


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not glob_matches("*a" * 60 + "b", "a" * 4_000)
