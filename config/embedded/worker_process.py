"""The Celery worker of the embedded mode: `python -m config.embedded.worker_process PARENT_PID`.

A process of its own, so that a crash in it leaves the web up, and one that never outlives the web.
"""

import sys

from config.embedded.deathwatch import die_with_parent


def main(parent: int) -> None:
    die_with_parent(parent)
    from config.celery import app

    # Alone on its broker, it has nobody to mingle, gossip or exchange heartbeats with.
    app.worker_main(
        [
            "worker",
            *("--pool", "threads", "--concurrency", "256", "--loglevel", "INFO"),
            *("--without-mingle", "--without-gossip", "--without-heartbeat"),
        ]
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
