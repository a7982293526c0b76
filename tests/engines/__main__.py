"""Run a command with a real PostgreSQL and Redis: `python -m tests.engines [--durable] pytest …`.

The command finds them in `DATABASE_URL` and `REDIS_URL`; its exit code is ours.
"""

import functools
import os
import subprocess
import sys

from config.embedded.deathwatch import die_with_parent
from tests.engines.services import postgres_server, redis_server


def main(arguments: list[str]) -> int:
    durable = arguments[:1] == ["--durable"]
    command = arguments[durable:]
    if not command:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    with postgres_server(durable=durable) as postgres, redis_server() as redis:
        found = {"DATABASE_URL": postgres.create_database("callsheet"), "REDIS_URL": redis.url}
        dying = functools.partial(die_with_parent, os.getpid())
        env = os.environ | found
        return subprocess.run(command, env=env, preexec_fn=dying, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
