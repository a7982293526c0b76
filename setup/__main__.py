"""Set the checkout up: `python3 -m setup run` for running it, `test` for testing and changing it.

Repeating it does only what changed since. `python3 -m setup npm …` runs npm in `static/`.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from setup.engines import install_engines
from setup.front_end import build_front_end, run_npm
from setup.python_packages import install_python_packages, prepare_venv
from setup.steps import SetupError, say


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["npm"]:
        return run_npm(*arguments[1:])
    if arguments not in (["run"], ["test"]):
        say(__doc__ or "")
        return 2
    dev = arguments == ["test"]
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
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
