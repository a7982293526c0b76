"""How source code is run: a script below /tmp, with /workspace as the place it imports from."""

from __future__ import annotations

from sandbox.api import Language
from sandbox.errors import SpecRefused

# Run by text, not by file name, so that imports start at the workspace and not beside the script;
# the file is still there, so tracebacks show the lines.
_PYTHON = (
    "import sys; sys.argv[0] = path = sys.argv.pop(); __file__ = path; "
    "exec(compile(open(path, 'rb').read(), path, 'exec'))"
)
_JAVASCRIPT = (
    "const path = process.argv.pop(); globalThis.require = require; "
    "require('vm').runInThisContext(require('fs').readFileSync(path, 'utf8'), {filename: path})"
)


def script(language: Language, name: str) -> tuple[str, list[str]]:
    """Where to put the source, and the argv that runs it. Raises SpecRefused."""
    if language == "python":
        path = f"/tmp/{name}.py"  # noqa: S108 -- inside the sandbox
        return path, ["python3", "-c", _PYTHON, path]
    if language == "shell":
        path = f"/tmp/{name}.sh"  # noqa: S108
        return path, ["/bin/sh", "-c", 'p=$0; exec "$(command -v bash || echo sh)" "$p"', path]
    if language == "javascript":
        path = f"/tmp/{name}.js"  # noqa: S108
        return path, ["node", "-e", _JAVASCRIPT, path]
    raise SpecRefused(f"Unknown language {language!r}: choose python, shell or javascript.")
