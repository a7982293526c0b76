"""The agent as something that can be put into any container: a command line and a text.

The container starts `python3 -I -S -c BOOTSTRAP`, which reads the modules of `sandbox.agent` from
its standard input, so no image has to contain them and no image is stale.
"""

from __future__ import annotations

import functools
import json
import zlib
from pathlib import Path

ORDER = (
    "frames",
    "linux",
    "tree",
    "cgroup",
    "link",
    "files",
    "scan",
    "spawn",
    "commands",
    "door",
    "tunnel",
    "serve_commands",
    "serve_files",
    "main",
)
_FOLDER = Path(__file__).parent / "agent"

BOOTSTRAP = """\
import json, os, select, sys, types, zlib
def take(n):
    data = b""
    while len(data) < n:
        select.select([0], [], [], 120)[0] or sys.exit(3)
        data += os.read(0, n - len(data)) or sys.exit(3)
    return data
for name in ("sandbox", "sandbox.agent"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
sys.modules["sandbox"].agent = sys.modules["sandbox.agent"]
for name, text in json.loads(zlib.decompress(take(int(take(8))))):
    module = types.ModuleType("sandbox.agent." + name)
    sys.modules[module.__name__] = module
    setattr(sys.modules["sandbox.agent"], name, module)
    exec(compile(text, "agent/" + name + ".py", "exec"), module.__dict__)
sys.modules["sandbox.agent.main"].main()
"""

COMMAND = ("python3", "-I", "-S", "-c", BOOTSTRAP)


@functools.cache
def bundle() -> bytes:
    """What goes to the standard input of the bootstrap: eight digits, then so many bytes."""
    modules = [(name, (_FOLDER / f"{name}.py").read_text()) for name in ORDER]
    packed = zlib.compress(json.dumps(modules).encode())
    return b"%08d" % len(packed) + packed
