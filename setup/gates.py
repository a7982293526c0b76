"""Checks that no linter makes: `python3 -m setup.gates` (part of `make check`)."""

import re
import subprocess
import sys
from pathlib import Path

from setup.steps import ROOT, say

MAX_LINES = 400
SOURCES = (".py", ".ts", ".tsx", ".css", ".html")
# A lock file that names a download host works only where that host is reachable.
LOCKS = ("requirements.lock", "requirements-dev.lock", "setup/*.lock", "static/package-lock.json")
# npm notes where a package's authors may be thanked, as "url"; nothing is fetched from there.
HOST = re.compile(r"(?:https?|git)(?:\+\w+)?://[^\s\"',]+")


def main() -> int:
    problems = [*_long_files(), *_hosts_in_locks()]
    for problem in problems:
        say(problem)
    return 1 if problems else 0


def _long_files() -> list[str]:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    problems = []
    for name in tracked:
        path = ROOT / name
        if not name.endswith(SOURCES) or not path.exists():
            continue
        lines = len(path.read_text().splitlines())
        if lines > MAX_LINES:
            problems.append(f"{name}: {lines} lines; split it, {MAX_LINES} is the most")
    return problems


def _hosts_in_locks() -> list[str]:
    problems = []
    for path in (found for pattern in LOCKS for found in ROOT.glob(pattern)):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if HOST.search(line) and '"url": ' not in line:
                where = Path(path).relative_to(ROOT)
                problems.append(f"{where}:{number}: names a host: {line.strip()[:100]}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
