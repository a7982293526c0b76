"""Set the checkout up: `python3 -m setup run` for running it, `test` for testing and changing it.

Repeating it does only what changed since. `python3 -m setup npm …` runs npm in `static/`.
"""

import fcntl
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from setup.engines import install_engines
from setup.front_end import build_front_end, run_npm
from setup.python_packages import install_python_packages, prepare_venv
from setup.steps import ROOT, SetupError, say


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["npm"]:
        return run_npm(*arguments[1:])
    if arguments not in (["run"], ["test"]):
        say(__doc__ or "")
        return 2
    dev = arguments == ["test"]
    lock = alone()
    try:
        prepare_venv()
        # Each waits mostly for the network.
        jobs = [lambda: install_python_packages(dev=dev), build_front_end]
        if dev:
            jobs.append(install_engines)
        with ThreadPoolExecutor() as pool:
            for job in [pool.submit(job) for job in jobs]:
                job.result()
    except SetupError as error:
        say(f"\nCallsheet could not be set up. {error}")
        return 1
    finally:
        os.close(lock)
    return 0


def alone() -> int:
    """Wait until no other set-up of this checkout is under way; return the lock's descriptor."""
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another set-up of this folder is under way; waiting for it …")
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError:
        pass  # a file system without locks
    return lock


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
